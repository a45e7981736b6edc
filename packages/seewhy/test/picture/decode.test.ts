import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { resamplePicture } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { decodePicture } from '../../src/picture/decode.ts';
import { encodePng } from '../../src/picture/encode-png.ts';

const fixtures = new URL('../../../../fixtures/', import.meta.url);
const path = (file: string) => fileURLToPath(new URL(file, fixtures));
const json = (file: string) => JSON.parse(readFileSync(new URL(file, fixtures), 'utf8'));

interface Expected {
  size: [number, number];
  /** Pillow's colours one pixel inside each corner. */
  corners: number[][];
  tolerance: number;
  notes: string | null;
}

const expected: Record<string, Expected> = json('pictures/expected.json');
const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const both = ['sharp', 'plain'] as const;

describe('decodePicture reads what Pillow reads', () => {
  const cases = Object.keys(expected).flatMap((file) =>
    both.filter((codec) => codec === 'sharp' || /\.(png|jpg)$/.test(file)).map((codec) => ({ file, codec })),
  );
  it.each(cases)('$file ($codec)', async ({ file, codec }) => {
    const { size, corners, tolerance, notes } = expected[file]!;
    const { width, height, data, notes: said = [] } = await decodePicture(path(`pictures/${file}`), { codec });
    expect([width, height]).toEqual(size);
    expect(data).toHaveLength(width * height * 3);
    const at = [
      [1, 1],
      [width - 2, 1],
      [1, height - 2],
      [width - 2, height - 2],
    ];
    corners.forEach((corner, i) => {
      const [x, y] = corners.length === 1 ? [0, 0] : at[i]!;
      const pixel = data.slice((y! * width + x!) * 3, (y! * width + x!) * 3 + 3);
      const off = Math.max(...corner.map((value, c) => Math.abs(value - pixel[c]!)));
      expect(off, `corner ${i}: ${pixel} for ${corner}`).toBeLessThanOrEqual(tolerance);
    });
    if (notes && !(codec === 'plain' && notes === 'CMYK')) expect(said.join(' ')).toContain(notes);
    if (!notes) expect(said).toEqual([]);
  });
});

describe('whole photos', () => {
  const photos: [string, { size: number[]; decoded: string; bilinear: string; bicubic: string }][] = Object.entries(
    json('pictures/references/cases.json').photos,
  );
  it.each(photos)("%s: Pillow's bytes, before and after resizing", async (file, hashes) => {
    const picture = await decodePicture(path(`photos/${file}`));
    expect([picture.width, picture.height]).toEqual(hashes.size);
    expect(sha(picture.data)).toBe(hashes.decoded);
    for (const kernel of ['bilinear', 'bicubic'] as const)
      expect(sha(resamplePicture(picture, 256, 224, kernel).data)).toBe(hashes[kernel]);
  });
  it.each(['rocket.jpg', 'chelsea.png'])('%s without sharp: the same to a rounding', async (file) => {
    const [a, b] = await Promise.all(both.map((codec) => decodePicture(path(`photos/${file}`), { codec })));
    let sum = 0;
    a!.data.forEach((value, i) => {
      sum += Math.abs(value - b!.data[i]!);
    });
    expect(sum / a!.data.length).toBeLessThan(file.endsWith('png') ? 1e-9 : 1);
  });
});

describe('what is no usable picture gives one clear error', () => {
  it.each([
    ['empty.png', 'PICTURE_EMPTY', /0 bytes/],
    ['text.jpg', 'PICTURE_NOT_A_PICTURE', /text file/],
    ['page.png', 'PICTURE_NOT_A_PICTURE', /web page/],
    ['npy/float32.npy', 'PICTURE_NOT_A_PICTURE', /NumPy/],
    ['truncated.jpg', 'PICTURE_CORRUPT', /damaged or cut off/],
    ['truncated.png', 'PICTURE_CORRUPT', /damaged or cut off/],
    ['bomb.png', 'PICTURE_TOO_LARGE', /50000x50000 = 2500 MP/],
    ['missing.png', 'PICTURE_NOT_FOUND', /cannot be opened/],
  ] as const)('%s', async (file, code, message) => {
    for (const codec of both) {
      const error = await decodePicture(path(`pictures/${file}`), { codec }).catch((e) => e);
      expect(error.code, codec).toBe(code);
      expect(error.message).toMatch(message);
      expect(error.message).toContain(file.split('/').at(-1));
      expect(error.cure).toBeTruthy();
      expect(error.message).not.toMatch(/\n/);
    }
  });
  it('formats that cannot be read are named', async () => {
    const bytes = (text: string) => Buffer.from(text, 'latin1');
    for (const [content, format] of [
      ['\0\0\0\x18ftypheic\0\0\0\0', 'HEIC'],
      ['<svg xmlns="http://www.w3.org/2000/svg"/>', 'SVG'],
    ] as const) {
      const error = await decodePicture(bytes(content)).catch((e) => e);
      expect([error.code, error.what]).toEqual(['PICTURE_FORMAT_UNSUPPORTED', `${format} pictures cannot be read`]);
    }
    const gif = await decodePicture(path('pictures/animated.gif'), { codec: 'plain' }).catch((e) => e);
    expect(gif.code).toBe('PICTURE_NEEDS_SHARP');
  });
  it('a JPEG cut off anywhere fails or is read, but never crashes', async () => {
    const whole = readFileSync(path('pictures/exif-6.jpg'));
    for (let end = 1; end < whole.length; end += 23) {
      for (const codec of both) {
        const result = await decodePicture(whole.subarray(0, end), { codec }).catch((e) => e);
        if (result instanceof Error) expect(result).toHaveProperty('code', expect.stringMatching(/^PICTURE_/));
        else expect([result.width, result.height]).toEqual([64, 96]);
      }
    }
  });
});

describe('options', () => {
  it('maxPixels, background, name', async () => {
    const file = path('pictures/alpha.png');
    await expect(decodePicture(file, { maxPixels: 95 })).rejects.toMatchObject({ code: 'PICTURE_TOO_LARGE' });
    const black = await decodePicture(file, { maxPixels: 96, background: [0, 0, 0], name: 'leaf' });
    expect([...black.data.slice(0, 3)]).toEqual([0, 0, 0]);
    expect(black).toMatchObject({ name: 'leaf', notes: ['Transparent parts were laid on rgb(0, 0, 0).'] });
    expect((await decodePicture(file)).name).toBe('alpha.png');
  });
});

it.each(both)('encodePng round trip (%s)', async (codec) => {
  for (const channels of [3, 4] as const) {
    const data = Uint8Array.from({ length: 7 * 5 * channels }, (_, i) =>
      channels === 4 && i % 4 === 3 ? 255 : (i * 37) % 256,
    );
    const file = await encodePng({ width: 7, height: 5, channels, data }, { codec });
    const back = await decodePicture(file);
    const rgb = data.filter((_, i) => channels === 3 || i % 4 !== 3);
    expect(Buffer.from(back.data).equals(Buffer.from(rgb))).toBe(true);
  }
});
