import type { RunTensor } from '../runtime/runtime.ts';

/**
 * A number that a picture's own values give (FNV-1a over its 32-bit words): its random numbers are the same wherever it stands in a run, and
 * other pictures have others.
 */
export function pictureNumber({ data }: RunTensor): number {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i += 4) {
    const word = bytes[i]! | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24);
    hash = Math.imul(hash ^ word, 0x01000193);
  }
  return hash >>> 0;
}
