/** A number to so many significant digits: what lies beyond is noise, and would fill the files. */
export const digits = (value: number, count: number): number =>
  Number.isFinite(value) ? Number(value.toPrecision(count)) : value;

/** All numbers of a value, however deep, to so many significant digits. */
export function rounded<T>(value: T, count: number): T {
  if (typeof value === 'number') return digits(value, count) as T;
  if (Array.isArray(value)) return value.map((item) => rounded(item, count)) as T;
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, rounded(item, count)])) as T;
  return value;
}
