/** Order by code units: the same on every machine and in every language. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Order as people count: `img2` before `img10`, as of the parts of digits compared as numbers. Equal but for leading zeros or letter case:
 * by code units, so that the order is total.
 */
export function naturally(a: string, b: string): number {
  const left = partsOf(a);
  const right = partsOf(b);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x, y] = [left[i]!, right[i]!];
    const order = isNumber(x) && isNumber(y) ? byNumber(x, y) : byText(x.toLowerCase(), y.toLowerCase());
    if (order !== 0) return order;
  }
  return left.length - right.length || byText(a, b);
}

/** Only the first characters decide: ids may be 10 kB long. */
const partsOf = (text: string): string[] => text.slice(0, 1000).match(/\d+|\D+/g) ?? [];

const isNumber = (part: string) => part.charCodeAt(0) >= 48 && part.charCodeAt(0) <= 57;

/** Numbers of any length: without leading zeros the longer one is larger. */
function byNumber(a: string, b: string): number {
  const [x, y] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return x.length - y.length || byText(x, y);
}
