import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeFile } from '../../src/picture/decode.ts';

const folder = new URL('../../../../fixtures/dataset/dicom/', import.meta.url);
const file = (name: string) => new Uint8Array(readFileSync(new URL(name, folder)));

interface Expected {
  syntax: string;
  size: [number, number];
  channels: 1 | 3;
  /** Levels by which codecs may differ. */
  tolerance: number;
  frames: string[];
}
const expected: Record<string, Expected> = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8'));

describe("DICOM: pydicom's values", () => {
  it.each(Object.keys(expected))('%s', async (name) => {
    const { size, channels, tolerance, frames } = expected[name]!;
    for (const [frame, text] of frames.entries()) {
      const wanted = Buffer.from(text, 'base64');
      // Once as bytes, once as the Buffer that a read file is.
      const found = await decodeFile(file(name), { frame });
      const again = await decodeFile(readFileSync(new URL(name, folder)), { frame });
      expect(Buffer.from(again.data).equals(Buffer.from(found.data))).toBe(true);
      expect([found.width, found.height, found.channels]).toEqual([...size, channels]);
      expect(found.data).toHaveLength(wanted.length);
      let off = 0;
      found.data.forEach((value, i) => {
        off = Math.max(off, Math.abs(value - wanted[i]!));
      });
      expect(off, `frame ${frame}`).toBeLessThanOrEqual(tolerance);
    }
  });
});

it('several frames without a choice: the first, told', async () => {
  const first = await decodeFile(file('enhanced.dcm'));
  expect(first.notes).toEqual(['DICOM of several frames: the first of 3 was taken.']);
  const chosen = await decodeFile(file('enhanced.dcm'), { frame: 0 });
  expect([chosen.notes, Buffer.from(chosen.data).equals(Buffer.from(first.data))]).toEqual([[], true]);
});

it('a window that is asked for goes before that of the file', async () => {
  const values = async (window: 'full' | 'range' | [number, number]) =>
    (await decodeFile(file('ct-explicit.dcm'), { window })).data;
  const range = await values('range');
  expect([Math.min(...range), Math.max(...range)]).toEqual([0, 255]);
  // Rescaled by -600: stored 600 is 0, stored 856 is 256.
  const own = await values([0, 256]);
  const full = await values('full');
  full.forEach((level, i) => {
    const rescaled = (level * 4095) / 255 - 600;
    expect(Math.abs(own[i]! - Math.min(255, Math.max(0, (rescaled * 255) / 256)))).toBeLessThanOrEqual(9);
  });
});
