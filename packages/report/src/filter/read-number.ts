const DIGITS = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;

/** A number as people write it, `40%` too; undefined for anything else. */
export function readNumber(text: string): number | undefined {
  if (text.length > 40) return undefined;
  const percent = text.endsWith('%');
  const digits = percent ? text.slice(0, -1) : text;
  if (!DIGITS.test(digits)) return undefined;
  const value = Number(digits);
  return Number.isFinite(value) ? (percent ? value / 100 : value) : undefined;
}
