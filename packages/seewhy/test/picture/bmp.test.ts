import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { damaged, seededDraw } from '../../../../tools/test-support/damage.ts';
import { decodePicture } from '../../src/picture/decode.ts';
import { ROOT } from '../command/seewhy.ts';

const file = (name: string) => new Uint8Array(readFileSync(join(ROOT, 'fixtures/pictures/bmp', name)));
const expected: { width: number; height: number; pixels: Record<string, string> } = JSON.parse(
  readFileSync(join(ROOT, 'fixtures/pictures/bmp/expected.json'), 'utf8'),
);
const code = (bytes: Uint8Array, options = {}): Promise<string> =>
  decodePicture(bytes, options).then(
    () => 'ok',
    (error) => error.code,
  );
/** The same file with other bytes somewhere. */
const changed = (name: string, at: number, ...bytes: number[]) => {
  const copy = file(name);
  copy.set(bytes, at);
  return copy;
};

describe('BMP', () => {
  it.each(Object.keys(expected.pixels))('%s: the pixels that Pillow reads', async (name) => {
    const { width, height, data, notes } = await decodePicture(file(`${name}.bmp`));
    expect([width, height]).toEqual([expected.width, expected.height]);
    const wanted = Buffer.from(expected.pixels[name]!, 'base64');
    // Five and six bits are stretched with another rounding.
    const allowed = name.startsWith('bits-') ? 1 : 0;
    const worst = data.reduce((most, value, at) => Math.max(most, Math.abs(value - wanted[at]!)), 0);
    expect(worst).toBeLessThanOrEqual(allowed);
    expect(notes).toEqual(name === 'alpha' ? ['Transparent parts were laid on white.'] : undefined);
  });

  it('what cannot be read has a clear error', async () => {
    expect(await code(file('rgb.bmp'), { maxPixels: 100 })).toBe('PICTURE_TOO_LARGE');
    // 2^30 columns: nothing is asked of the memory.
    expect(await code(changed('rgb.bmp', 18, 0, 0, 0, 0x40))).toBe('PICTURE_TOO_LARGE');
    expect(await code(changed('rgb.bmp', 18, 0, 0, 0, 0))).toBe('PICTURE_CORRUPT');
    expect(await code(changed('rgb.bmp', 28, 7))).toBe('PICTURE_CORRUPT');
    expect(await code(changed('rgb.bmp', 14, 13))).toBe('PICTURE_CORRUPT');
    await expect(decodePicture(changed('palette.bmp', 30, 1))).rejects.toMatchObject({
      code: 'PICTURE_FORMAT_UNSUPPORTED',
      what: 'Compressed BMP pictures cannot be read',
    });
  });

  it('cut off or damaged anywhere: a clear error or a picture', async () => {
    const next = seededDraw(20261123);
    for (const name of ['four-bits', 'os2', 'alpha', 'bits-565']) {
      const whole = file(`${name}.bmp`);
      for (let end = 2; end < whole.length; end += 7)
        expect(await code(whole.subarray(0, end))).toBe('PICTURE_CORRUPT');
      for (let round = 0; round < 300; round++) expect(await code(damaged(whole, next))).toMatch(/^(ok|PICTURE_\w+)$/);
    }
  });
});
