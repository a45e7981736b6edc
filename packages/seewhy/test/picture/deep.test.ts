import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeFile } from '../../src/picture/decode.ts';
import type { PixelWindow } from '../../src/picture/window.ts';

const folder = new URL('../../../../fixtures/dataset/deep/', import.meta.url);
interface Expected {
  size: [number, number];
  channels: number;
  type: string;
  /** As Pillow and tifffile read them. */
  samples: number[];
}
const expected: Record<string, Expected> = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8'));

/** The stated rule, from samples to 0..255, written down a second time. */
function wanted({ samples: raw, type: stored, channels }: Expected, window: PixelWindow): number[] {
  // Signed 16-bit samples are read as unsigned ones, told by a note.
  const type = stored === 'int16' ? 'uint16' : stored;
  const samples = stored === 'int16' ? raw.map((value) => Math.max(0, value)) : raw;
  const alpha = (i: number) => (channels === 2 || channels === 4) && i % channels === channels - 1;
  const colours = samples.filter((_, i) => !alpha(i));
  const [low, high] = [Math.min(...colours), Math.max(...colours)];
  const between = (a: number, b: number) => (v: number) =>
    Math.round(Math.min(1, Math.max(0, (v - a) / (b - a))) * 255);
  const top = { uint16: 65536, uint32: 2 ** 32, uint8: 256 }[type] ?? 1;
  const full = type === 'float32' ? between(0, 1) : (v: number) => Math.floor((v / top) * 256);
  const auto = () => {
    if (type === 'uint8') return (v: number) => v;
    if (type === 'uint16')
      return (v: number) => Math.floor(v / 2 ** ([8, 12, 14, 16].find((bits) => high < 2 ** bits)! - 8));
    if (type === 'float32' && low >= 0 && high <= 1) return between(0, 1);
    return between(low, high);
  };
  const map =
    window === 'full' || type === 'uint8'
      ? full
      : window === 'range'
        ? between(low, high)
        : window === 'auto'
          ? auto()
          : between(...window);
  return samples.map((v, i) => (alpha(i) ? Math.floor(v / 256) : map(v)));
}

describe('samples of more than 8 bits', () => {
  const cases = Object.keys(expected).flatMap((file) =>
    (['auto', 'full', 'range', [100, 3000]] as PixelWindow[]).map((window) => ({ file, window })),
  );
  it.each(cases)('$file $window', async ({ file, window }) => {
    const bytes = new Uint8Array(readFileSync(new URL(file, folder)));
    const one = expected[file]!;
    for (const codec of ['sharp', 'plain'] as const) {
      if (codec === 'plain' && !file.endsWith('png')) continue;
      const found = await decodeFile(bytes, { window, codec });
      expect([found.width, found.height]).toEqual(one.size);
      // Grey of 8 bits comes as RGB.
      const stride = one.type === 'uint8' ? 3 : 1;
      expect(found.channels).toBe(one.channels * stride);
      const values = wanted(one, window);
      // A value on the edge between two levels may be rounded to either.
      const slack = one.type === 'float32' ? 1 : 0;
      values.forEach((value, i) => {
        expect(
          Math.abs(found.data[i * stride]! - value),
          `sample ${i}: ${found.data[i * stride]} for ${value}`,
        ).toBeLessThanOrEqual(slack);
      });
    }
  });
  it.each([
    ['grey12-in-16.png', /values, up to 4095, take 12 bits/],
    ['grey8-in-16.png', /take 8 bits/],
    ['grey16-full.png', undefined],
    ['float.tif', /fractional values, .* stretched to black and white/],
    ['int16.tif', /values below 0 were taken for 0/],
    ['uint32.tif', /32-bit values/],
  ])('%s says how it was read', async (file, note) => {
    const { notes } = await decodeFile(new Uint8Array(readFileSync(new URL(file, folder))));
    if (note) expect(notes.join(' ')).toMatch(note);
    else expect(notes).toEqual([]);
  });
});
