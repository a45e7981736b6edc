import type { AuditMethod, AuditRun } from '@seewhy/report';
import { compareErrors } from './compare-errors.ts';

/** Methods whose maps are put beside one another. */
export interface MethodPair {
  readonly a: AuditMethod;
  readonly b: AuditMethod;
}

/**
 * The methods that both runs have, in A's order; those asked for, where some are. Runs without a method in common have their first ones put
 * beside one another.
 * @throws SeewhyError `OPTION_INVALID` for a method that one of them has not
 */
export function sharedMethods(a: AuditRun, b: AuditRun, asked?: readonly string[]): readonly MethodPair[] {
  const shared = a.methods.flatMap((method): MethodPair[] => {
    const other = b.methods.find(({ name }) => name === method.name);
    return other ? [{ a: method, b: other }] : [];
  });
  if (asked) {
    const names = shared.map((pair) => pair.a.name);
    return asked.map((name) => {
      const found = shared.find((pair) => pair.a.name === name);
      if (!found) throw compareErrors.method(name, names);
      return found;
    });
  }
  if (shared.length > 0 || a.methods.length === 0 || b.methods.length === 0) return shared;
  return [{ a: a.methods[0]!, b: b.methods[0]! }];
}
