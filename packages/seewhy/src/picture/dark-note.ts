/** 12-bit pictures in 16-bit files come out almost black: say so. */
export function darkNote(data: Uint8Array, depth: string): string[] {
  let largest = 0;
  for (const value of data) if (value > largest) largest = value;
  if (depth !== 'ushort' || largest >= 32) return [];
  return [
    `16-bit picture that uses only the lowest ${Math.ceil(((largest + 1) / 256) * 100)} % of its range: it is almost black. Stretch it first if the model expects it so.`,
  ];
}
