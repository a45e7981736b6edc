/** The float32 before a positive number. */
export function justBelow(value: number): number {
  const words = new Uint32Array(Float32Array.of(value).buffer);
  words[0]!--;
  return new Float32Array(words.buffer)[0]!;
}
