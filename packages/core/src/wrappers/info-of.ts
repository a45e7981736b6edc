import type { Method, MethodInfo } from '../methods/method.ts';

/** What is known about a method, without what makes its maps. */
export function infoOf(method: Method): MethodInfo {
  const { name, title, aliases, summary, formula, paper, needs, output, cost, stages } = method;
  const { options, variants, variantOf, caution, wrappers, remarks } = method;
  return {
    ...{ name, title, aliases, summary, formula, paper, needs, output, cost, stages },
    ...{ options, variants, variantOf, caution, wrappers, remarks },
  };
}
