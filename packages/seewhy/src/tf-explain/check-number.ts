import { tfExplainErrors as errors } from './tf-explain-errors.ts';

/** Checks a number that a caller gave. @throws OPTION_INVALID */
export function checkNumber(
  name: string,
  value: unknown,
  { least, most = Number.MAX_SAFE_INTEGER, whole }: { least: number; most?: number; whole: boolean },
): void {
  const inside = typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value));
  if (inside) return;
  const kind = whole ? 'a whole number' : 'a number';
  const bounds = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw errors.number(name, value, `${kind} ${bounds}`);
}
