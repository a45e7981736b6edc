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
      const found = await decodeFile(file(name), { frame });
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
