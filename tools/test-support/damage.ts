/** Draws whole numbers from 0 to below a bound. */
export type Draw = (below: number) => number;

/** xorshift32: the same damage in every run. */
export function seededDraw(seed: number): Draw {
  let state = seed * 2654435761 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** A copy of a file with one kind of damage at one place: a byte, a bit, noise, extreme numbers, a piece left out or twice. */
export function damaged(bytes: Uint8Array, next: Draw): Uint8Array {
  const copy = bytes.slice();
  const at = next(copy.length);
  switch (next(6)) {
    case 0:
      copy[at] = next(256);
      return copy;
    case 1:
      copy[at]! ^= 1 << next(8);
      return copy;
    case 2: // a run of noise
      for (let i = at; i < Math.min(copy.length, at + 1 + next(16)); i++) copy[i] = next(256);
      return copy;
    case 3: // lengths and numbers that are as large as they can be
      for (let i = at; i < Math.min(copy.length, at + 1 + next(9)); i++) copy[i] = 0xff;
      return copy;
    case 4: {
      // a piece left out
      const end = Math.min(copy.length, at + 1 + next(64));
      return Uint8Array.from([...copy.subarray(0, at), ...copy.subarray(end)]);
    }
    default: {
      // a piece twice
      const end = Math.min(copy.length, at + 1 + next(64));
      return Uint8Array.from([...copy.subarray(0, end), ...copy.subarray(at)]);
    }
  }
}
