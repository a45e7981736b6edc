import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeNpy, encodeNpy, npyToFloat32 } from '../src/npy.ts';

const folder = new URL('../../../fixtures/pictures/npy/', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, folder));
/** numpy's values, row by row, written by tools/pictures/hostile.py. */
const expected: Record<string, { shape: number[]; values: number[] }> = JSON.parse(read('expected.json').toString());

describe('decodeNpy reads what numpy wrote', () => {
  it.each(readdirSync(folder).filter((file) => file.endsWith('.npy')))('%s', (file) => {
    const array = decodeNpy(read(file), file);
    expect(array.dims).toEqual(expected[file]!.shape);
    expect([...npyToFloat32(array)]).toEqual(expected[file]!.values.map(Math.fround));
  });
  it('at any offset of a larger buffer', () => {
    const bytes = read('float64.npy');
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeNpy(shifted.subarray(3)).data).toEqual(decodeNpy(bytes).data);
  });
});

describe('encodeNpy', () => {
  it("writes numpy's own bytes", () => {
    const array = decodeNpy(read('float32.npy'));
    expect(Buffer.from(encodeNpy(array)).equals(read('float32.npy'))).toBe(true);
  });
  it.each([
    { type: 'uint8', dims: [3], data: Uint8Array.of(1, 2, 255) },
    { type: 'bool', dims: [2], data: Uint8Array.of(0, 1) },
    { type: 'int64', dims: [1, 2], data: BigInt64Array.of(-5n, 7n) },
    { type: 'float16', dims: [2, 1], data: Uint16Array.of(0x3c00, 0xc000) },
    { type: 'float64', dims: [], data: Float64Array.of(Math.PI) },
    { type: 'float32', dims: [0, 3], data: new Float32Array(0) },
  ] as const)('round trip of $type $dims', (array) => {
    expect(decodeNpy(encodeNpy(array))).toEqual(array);
    expect(encodeNpy(array).length - array.data.byteLength).toBe(
      64 * Math.ceil((encodeNpy(array).length - array.data.byteLength) / 64),
    );
  });
  it('refuses a shape that does not fit', () => {
    expect(() => encodeNpy({ dims: [2, 2], data: new Float32Array(3) })).toThrow(/holds 4 values, not 3/);
  });
});

describe('malformed files give one clear error', () => {
  const whole = new Uint8Array(read('float32.npy'));
  it('cut off anywhere', () => {
    for (let end = 0; end < whole.length; end++) {
      expect(() => decodeNpy(whole.subarray(0, end), 'x.npy')).toThrow(
        expect.objectContaining({ code: 'NPY_INVALID' }),
      );
    }
  });
  const withHeader = (text: string) => {
    const file = new Uint8Array(10 + text.length + 16);
    file.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length, 0]);
    file.set(new TextEncoder().encode(text), 10);
    return file;
  };
  it.each([
    ['a text file', new TextEncoder().encode('hello, this is text'), 'NPY_INVALID'],
    ['an unknown version', Uint8Array.from(whole, (byte, i) => (i === 6 ? 9 : byte)), 'NPY_INVALID'],
    [
      'a huge shape',
      withHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999, 99999999), }"),
      'NPY_INVALID',
    ],
    ['a negative shape', withHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }"), 'NPY_INVALID'],
    ['no shape', withHeader("{'descr': '<f4', 'fortran_order': False}"), 'NPY_INVALID'],
    ['objects', withHeader("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"), 'NPY_TYPE_UNSUPPORTED'],
    ['complex', withHeader("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }"), 'NPY_TYPE_UNSUPPORTED'],
    [
      'records',
      withHeader("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }"),
      'NPY_TYPE_UNSUPPORTED',
    ],
  ])('%s', (_, file, code) => {
    expect(() => decodeNpy(file, 'x.npy')).toThrow(expect.objectContaining({ code }));
  });
});
