import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { crc32, deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodePicture } from '../../src/picture/decode.ts';
import { decodeLightPng } from '../../src/picture/decode-light-png.ts';
import { encodeLightPng } from '../../src/picture/encode-light-png.ts';
import { loadSharp } from '../../src/picture/sharp.ts';

const file = (name: string) => readFileSync(fileURLToPath(new URL(`../../../../fixtures/${name}`, import.meta.url)));
const sharp = (await loadSharp())!;

/** Seeded bytes, smooth in part: of such a picture an encoder takes every filter. */
function samples(width: number, height: number, channels: number): Uint8Array {
  let state = 7;
  return Uint8Array.from({ length: width * height * channels }, (_, at) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const x = Math.floor(at / channels) % width;
    const y = Math.floor(at / (channels * width));
    return y % 3 === 0 ? state >>> 24 : 3 * x + 5 * y + (at % channels) * 40 + (state >>> 30);
  });
}

function chunk(kind: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), content]);
  const ends = Buffer.alloc(8);
  ends.writeUInt32BE(content.length, 0);
  ends.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
}

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
const END = chunk('IEND', Buffer.alloc(0));

/** IHDR of a picture of 2 x 2; by default 8-bit RGB, not interlaced. */
const header = ({ width = 2, bits = 8, colour = 2, interlaced = 0 } = {}) =>
  chunk('IHDR', Buffer.from([0, 0, 0, width, 0, 0, 0, 2, bits, colour, 0, 0, interlaced]));
/** Two lines of RGB, each with the number of its filter. */
const lines = (filter: number) => deflateSync(Uint8Array.from([filter, 1, 2, 3, 4, 5, 6, 0, 7, 8, 9, 10, 11, 12]));
const png = (...chunks: Buffer[]) => Buffer.concat([SIGNATURE, ...chunks, END]);

describe('a common PNG without sharp', () => {
  it.each([1, 2, 3, 4] as const)('%i samples a pixel, all filters: what sharp reads', async (channels) => {
    const [width, height] = [61, 47];
    const data = samples(width, height, channels);
    const raw = sharp(data, { raw: { width, height, channels } }).toColourspace(channels < 3 ? 'b-w' : 'srgb');
    const bytes = await raw.png({ adaptiveFiltering: true, palette: false }).toBuffer();
    const light = await decodeLightPng(bytes);
    expect(light).toMatchObject({ width, height, channels });
    expect(Buffer.from(light!.data).equals(Buffer.from(data))).toBe(true);
    const [a, b] = await Promise.all(
      (['light', 'sharp'] as const).map((codec) => decodePicture(bytes, { codec, name: 'x' })),
    );
    expect(a).toEqual(b);
  });

  it.each(['photos/chelsea.png', 'photos/coffee.png', 'photos/camera.png', 'pictures/grey.png', 'pictures/alpha.png'])(
    '%s: what sharp reads',
    async (name) => {
      expect(await decodeLightPng(file(name))).toBeDefined();
      const [a, b] = await Promise.all(
        (['light', 'sharp'] as const).map((codec) => decodePicture(file(name), { codec })),
      );
      expect(Buffer.from(a!.data).equals(Buffer.from(b!.data))).toBe(true);
      expect({ ...a, data: 0 }).toEqual({ ...b, data: 0 });
    },
  );

  it.each([0, 1, 2, 3, 4])('filter %i by hand', async (filter) => {
    const light = await decodeLightPng(png(header(), chunk('IDAT', lines(filter))));
    // Above the first line lie zeros: its filters 0 and 2 change nothing, 1 and 4 add the pixel before, 3 half of it.
    const second = filter === 1 || filter === 4 ? [5, 7, 9] : filter === 3 ? [4, 6, 7] : [4, 5, 6];
    expect([...light!.data]).toEqual([1, 2, 3, ...second, 7, 8, 9, 10, 11, 12]);
  });

  it('pieces of the data, texts between header and data', async () => {
    const packed = lines(0);
    const parts = [chunk('IDAT', packed.subarray(0, 5)), chunk('IDAT', packed.subarray(5))];
    expect(await decodeLightPng(png(header(), chunk('tEXt', Buffer.from('Title\0x')), ...parts))).toBeDefined();
  });

  it.each([
    ['16 bits', () => file('pictures/grey16.png')],
    ['1 bit', () => file('pictures/one-bit.png')],
    ['a palette', () => file('pictures/palette.png')],
    ['too many pixels', () => file('pictures/bomb.png')],
    ['a file cut off', () => file('pictures/truncated.png')],
    ['interlaced', () => png(header({ interlaced: 1 }), chunk('IDAT', lines(0)))],
    ['a filter that does not exist', () => png(header(), chunk('IDAT', lines(5)))],
    ['fewer lines than the header says', () => png(header({ width: 3 }), chunk('IDAT', lines(0)))],
    ['more lines than the header says', () => png(header({ width: 1 }), chunk('IDAT', lines(0)))],
    ['no data', () => png(header())],
    ['no header', () => png(chunk('IDAT', lines(0)))],
    ['no pixels', () => png(header({ width: 0 }), chunk('IDAT', lines(0)))],
    ['what is no zlib stream', () => png(header(), chunk('IDAT', Buffer.from('data')))],
    [
      'something between the data',
      () => png(header(), chunk('IDAT', lines(0)), chunk('tIME', END), chunk('IDAT', END)),
    ],
    ['EXIF', () => png(header(), chunk('eXIf', Buffer.from('MM')), chunk('IDAT', lines(0)))],
    [
      'EXIF as text',
      () => png(header(), chunk('tEXt', Buffer.from('Raw profile type exif\0x')), chunk('IDAT', lines(0))),
    ],
    ['a transparent colour', () => png(header(), chunk('tRNS', Buffer.alloc(6)), chunk('IDAT', lines(0)))],
    ['frames', () => png(header(), chunk('acTL', Buffer.alloc(8)), chunk('IDAT', lines(0)))],
  ])('%s is left to sharp', async (_, bytes) => {
    expect(await decodeLightPng(bytes())).toBeUndefined();
  });

  it('one changed bit anywhere behind the signature is noticed', async () => {
    const whole = png(header(), chunk('IDAT', lines(4)));
    for (let at = 8; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 1 << (at % 8);
      expect([at, await decodeLightPng(damaged)]).toEqual([at, undefined]);
    }
  });

  it('more pixels than allowed: the same error', async () => {
    const bytes = file('pictures/plain.png');
    await expect(decodePicture(bytes, { codec: 'light', maxPixels: 95 })).rejects.toMatchObject({
      code: 'PICTURE_TOO_LARGE',
    });
  });
});

it.each([
  [3, 1],
  [4, 1],
  [3, 6],
] as const)(
  'a PNG written without sharp, %i samples a pixel, level %i: sharp reads the same pixels',
  async (channels, level) => {
    const [width, height] = [33, 21];
    const data = samples(width, height, channels);
    const bytes = (await encodeLightPng({ width, height, channels, data }, level))!;
    const { data: back, info } = await sharp(bytes, { failOn: 'warning' }).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([width, height, channels]);
    expect(back.equals(Buffer.from(data))).toBe(true);
  },
);
