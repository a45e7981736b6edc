const PARITY = 0x1bd11bda;

/**
 * One block of Threefry-2x32 with 20 rounds: a bijection of two 32-bit words under a key of two, good enough to be used as a hash of
 * a counter. `words` is replaced by its image.
 *
 * J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */
export function threefry(words: Int32Array, key0: number, key1: number): void {
  const key2 = PARITY ^ key0 ^ key1;
  let x = (words[0]! + key0) | 0;
  let y = (words[1]! + key1) | 0;
  let a = key1;
  let b = key2;
  let c = key0;
  for (let block = 1; block <= 5; block++) {
    // Rotations 13 15 26 6 and 17 29 16 24 take turns, a key is added after each four rounds.
    if (block & 1) {
      x = (x + y) | 0;
      y = ((y << 13) | (y >>> 19)) ^ x;
      x = (x + y) | 0;
      y = ((y << 15) | (y >>> 17)) ^ x;
      x = (x + y) | 0;
      y = ((y << 26) | (y >>> 6)) ^ x;
      x = (x + y) | 0;
      y = ((y << 6) | (y >>> 26)) ^ x;
    } else {
      x = (x + y) | 0;
      y = ((y << 17) | (y >>> 15)) ^ x;
      x = (x + y) | 0;
      y = ((y << 29) | (y >>> 3)) ^ x;
      x = (x + y) | 0;
      y = ((y << 16) | (y >>> 16)) ^ x;
      x = (x + y) | 0;
      y = ((y << 24) | (y >>> 8)) ^ x;
    }
    x = (x + a) | 0;
    y = (y + b + block) | 0;
    const next = c;
    c = a;
    a = b;
    b = next;
  }
  words[0] = x;
  words[1] = y;
}
