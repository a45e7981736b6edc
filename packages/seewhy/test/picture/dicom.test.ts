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

const failure = (bytes: Uint8Array) =>
  decodeFile(bytes).then(
    () => expect.unreachable('it should have failed'),
    (error) => error as Error & { code: string },
  );

describe('what cannot be read', () => {
  it('JPEG of 12 bits: how to write it instead', async () => {
    const error = await failure(file('refused-jpeg-12.dcm'));
    expect(error.code).toBe('PICTURE_FORMAT_UNSUPPORTED');
    expect(error.message).toMatch(/12-bit JPEG \(DICOM\) pictures cannot.*JPEG-LS or JPEG 2000/);
  });

  it('compressed pixels without the meta information that says how', async () => {
    const whole = Buffer.from(file('jpeg-ls.dcm'));
    const error = await failure(whole.subarray(whole.indexOf(Buffer.from([8, 0, 0x16, 0, 0x55, 0x49]))));
    expect(error.code).toBe('PICTURE_CORRUPT');
    expect(error.message).toContain('its pixel data is compressed, and it does not say how');
  });

  const segments = file('palette-segments-16.dcm');
  // The first of the three: 0 2 0 7281 1 100 65535 1 154 21845, as words.
  const at = Buffer.from(segments).indexOf(Buffer.from(Uint16Array.of(0, 2, 0, 7281, 1, 100, 65535).buffer));
  it.each<[string, number, number, RegExp]>([
    ['a line from nowhere', 0, 1, /begins with a line from nowhere/],
    ['an unknown kind', 0, 9, /unknown kind/],
    ['more than it holds', 1, 60_000, /cut off/],
    ['too few', 5, 99, /cut off|entries, not 256/],
    ['in circles', 0, 2, /unknown kind|circles|cut off/],
  ])('a palette in segments: %s', async (_, word, value, said) => {
    expect(at).toBeGreaterThan(0);
    const changed = segments.slice();
    new DataView(changed.buffer).setUint16(at + word * 2, value, true);
    const error = await failure(changed);
    expect(error.code).toBe('PICTURE_CORRUPT');
    expect(error.message).toMatch(said);
  });

  it.each(Object.keys(expected))(
    '%s cut off anywhere, or not beginning as it should: one of our errors or a picture',
    async (name) => {
      const whole = file(name);
      for (let i = 1; i < 12; i++) {
        for (const bytes of [whole.slice(0, Math.floor((whole.length * i) / 12)), whole.slice(i * 11)]) {
          const ended = await decodeFile(bytes).catch((error) => error as { code?: string });
          if ('code' in ended) expect(ended.code, `${i}`).toMatch(/^PICTURE_/);
        }
      }
    },
  );
});
