/**
 * The factor of a Resize that comes out at the wanted size: the least float32 from wanted / size on for which ⌊size · factor⌋ is that size,
 * the product taken in float32 as well as exactly. Runtimes do either, some the one for the shape and the other for the values.
 */
export function scaleFor(size: number, wanted: number): number {
  let scale = Math.fround(wanted / size);
  while (size * scale < wanted || Math.fround(size * scale) < wanted) scale = Math.fround(scale * (1 + 2 ** -23));
  return scale;
}
