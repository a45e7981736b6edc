/**
 * A text cut to a length that fits; ids and labels may be ten thousand letters long. Whole letters, the cut marked: at the end, and in the middle of what is
 * short enough for a name (60), since the names of classes and files often begin alike.
 */
export function shorten(text: string, most = 80): string {
  if (text.length <= most) return text;
  const letters = [...text.slice(0, most * 2)];
  if (text.length <= most * 2 && letters.length <= most) return text;
  const end = most > 60 ? 0 : Math.floor(0.4 * (most - 1));
  return `${letters.slice(0, most - 1 - end).join('')}…${end ? [...text.slice(-2 * end)].slice(-end).join('') : ''}`;
}

export const percent = (share: number, digits = 0): string =>
  Number.isFinite(share) ? `${(100 * share).toFixed(digits)} %` : '–';

/** A figure between 0 and 1 (or −1 and 1). */
export const figure = (value: number, digits = 3): string => (Number.isFinite(value) ? value.toFixed(digits) : '–');

/** Any number, short: three significant digits. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return value.toLocaleString('en');
  const size = Math.abs(value);
  return size !== 0 && (size < 0.001 || size >= 1e6) ? value.toExponential(1) : Number(value.toPrecision(3)).toString();
}

export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

/** A threshold as it is shown and written into addresses and commands: short, and read back to the same number. */
export const thresholdText = (value: number): string => {
  const rounded = value.toFixed(4).replace(/0+$/, '').replace(/\.$/, '');
  return Number(rounded) === value ? rounded : String(value);
};
