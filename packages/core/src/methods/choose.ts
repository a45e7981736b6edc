import { errors } from '../errors.ts';
import type { ChosenMethod } from '../program.ts';
import type { GraphMethod, Method } from './method.ts';
import { checkOption, flagOf, type MethodOptions, OPTION_NAMES, type OptionName } from './options.ts';

/**
 * Methods with their options filled in: what was given, else the variant a preset means, else the method's defaults.
 * @throws OPTION_NOT_OF_METHOD when none of the methods has a given option, OPTION_INVALID, VARIANT_UNKNOWN
 */
export function chooseMethods(
  methods: readonly Method[],
  given: Partial<MethodOptions> = {},
  preset = 'seewhy',
): ChosenMethod[] {
  const names = OPTION_NAMES.filter((name) => given[name] !== undefined);
  for (const name of names) {
    if (!methods.some((method) => hasOption(method, name)))
      throw errors.optionNotOfMethod(
        flagOf(name),
        methods,
        OPTION_NAMES.filter((option) => methods[0] && hasOption(methods[0], option)).map(flagOf),
      );
    checkOption(name, given[name]);
  }
  // A variant, like any option, is for the methods that have it.
  const { variant: asked } = given;
  const varied = methods.filter((method) => method.variants);
  if (asked !== undefined && !varied.some((method) => hasVariant(method, asked)))
    throw errors.unknownVariant(varied[0]!.name, asked, Object.keys(varied[0]!.variants!));
  return methods.map((method) => {
    const own = Object.fromEntries(names.filter((name) => hasOption(method, name)).map((name) => [name, given[name]]));
    const usual = method.variantOf?.[preset] ?? Object.keys(method.variants ?? {})[0];
    const variant = asked !== undefined && hasVariant(method, asked) ? asked : usual;
    const options = { ...method.options, ...own, ...(variant === undefined ? {} : { variant }) };
    return { method, options: options as MethodOptions };
  });
}

/** Methods that can be written into a file: those whose explanation is a graph. @throws METHOD_SAMPLES */
export function graphMethods(methods: readonly ChosenMethod[]): ChosenMethod<GraphMethod>[] {
  return methods.map((chosen) => {
    const { method } = chosen;
    if (method.kind === 'graph') return { ...chosen, method };
    throw errors.methodSamples(method.name);
  });
}

const hasVariant = (method: Method, name: string) => Object.hasOwn(method.variants ?? {}, name);

/** Whether a method can be told an option. */
export function hasOption(method: Method, name: OptionName): boolean {
  return name === 'variant' ? method.variants !== undefined : method.options !== undefined && name in method.options;
}
