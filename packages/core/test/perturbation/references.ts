import { readFileSync } from 'node:fs';

/** A file written by tools/perturbation/reference.py. */
export const reference = (file: string) =>
  JSON.parse(readFileSync(new URL(`../../../../fixtures/perturbation/${file}`, import.meta.url), 'utf8'));

/** Largest |a − b| as a part of the largest |b|; infinite when they differ in length. */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let size = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i]! - b[i]!);
    if (!(d <= difference)) difference = d;
    size = Math.max(size, Math.abs(b[i]!));
  }
  return size === 0 ? difference : difference / size;
}
