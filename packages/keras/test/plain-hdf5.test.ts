import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as h5wasm from 'h5wasm';
import { beforeAll, describe, expect, it } from 'vitest';
import { damaged, seededDraw } from '../../../tools/test-support/damage.ts';
import { withHdf5, withLibrary } from '../src/archive/hdf5.ts';
import { readKerasArchive } from '../src/archive/keras3.ts';
import { NotPlain, PlainHdf5 } from '../src/archive/plain-hdf5.ts';
import { FIXTURES } from './support.ts';

/** Everything in a file, as the HDF5 library lists it. */
interface Contents {
  readonly groups: string[];
  readonly datasets: Map<string, { type: string; dims: readonly number[]; bytes: Uint8Array }>;
  readonly texts: Map<string, string[]>;
}

const FILES = readdirSync(FIXTURES).filter((name) => /\.(h5|keras)$/.test(name));

function hdf5Of(name: string): Uint8Array {
  const bytes = new Uint8Array(readFileSync(join(FIXTURES, name)));
  return name.endsWith('.keras') ? readKerasArchive(bytes, name).weights : bytes;
}

type FileSystem = { writeFile(path: string, data: Uint8Array): void; readFile(path: string): Uint8Array };
const memory = () => h5wasm.FS as unknown as FileSystem;

function contentsOf(bytes: Uint8Array): Contents {
  memory().writeFile('/asked.h5', bytes);
  const file = new h5wasm.File('/asked.h5', 'r');
  const contents: Contents = { groups: [], datasets: new Map(), texts: new Map() };
  const walk = (path: string, item: h5wasm.Group | h5wasm.Dataset) => {
    for (const [name, { value }] of Object.entries(item.attrs)) {
      const texts = Array.isArray(value) ? value : [value];
      if (texts.every((text) => typeof text === 'string')) contents.texts.set(`${path} ${name}`, texts);
    }
    if (item instanceof h5wasm.Dataset) {
      const value = item.value as Float32Array;
      const bytes = ArrayBuffer.isView(value)
        ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice()
        : new Uint8Array(0);
      contents.datasets.set(path, { type: String(item.dtype), dims: item.shape ?? [], bytes });
      return;
    }
    contents.groups.push(path);
    for (const name of item.keys()) walk(`${path}/${name}`, item.get(name) as h5wasm.Group | h5wasm.Dataset);
  };
  walk('', file);
  file.close();
  return contents;
}

const TYPES: Readonly<Record<string, string>> = {
  float16: '<e',
  float32: '<f',
  float64: '<d',
  int8: '<b',
  int32: '<i',
  int64: '<q',
  uint32: '<I',
};

beforeAll(() => h5wasm.ready);

describe('files as h5py writes them', () => {
  it.each(FILES)('%s: groups, texts and every byte of every dataset are those of the HDF5 library', (name) => {
    const bytes = hdf5Of(name);
    const plain = new PlainHdf5(bytes);
    const { groups, datasets, texts } = contentsOf(bytes);
    for (const path of groups) expect(plain.kind(path)).toBe('group');
    for (const [key, expected] of texts) {
      const [path, attribute] = key.split(' ') as [string, string];
      expect(plain.texts(path, attribute)).toEqual(expected);
    }
    for (const [path, expected] of datasets) {
      const { type, dims, read } = plain.dataset(path);
      expect(plain.kind(path)).toBe('dataset');
      expect([path, TYPES[type], dims]).toEqual([path, expected.type, expected.dims]);
      // A single number is no array in the library.
      if (expected.bytes.length > 0) expect(Buffer.compare(read(), expected.bytes)).toBe(0);
      expect(read().buffer).toBe(bytes.buffer);
    }
    expect(plain.kind('/no such thing')).toBeUndefined();
    expect(plain.text('/', 'no such thing')).toBeUndefined();
  });

  it('the library says the same through the same door', async () => {
    const bytes = hdf5Of('structure.h5');
    const { datasets } = contentsOf(bytes);
    expect(datasets.size).toBeGreaterThan(10);
    const plain = new PlainHdf5(bytes);
    await withLibrary(bytes, 'structure.h5', (file) => {
      expect(file.text('/', 'model_config')).toBe(plain.text('/', 'model_config'));
      expect(file.texts('/model_weights', 'layer_names')).toEqual(plain.texts('/model_weights', 'layer_names'));
      for (const path of datasets.keys()) {
        const [ours, theirs] = [plain.dataset(path), file.dataset(path)];
        expect([ours.type, ours.dims]).toEqual([theirs.type, theirs.dims]);
        expect(Buffer.compare(ours.read(), theirs.read())).toBe(0);
      }
    });
  });
});

describe('everything else is for the library', () => {
  const values = Float32Array.from({ length: 64 }, (_, at) => Math.sin(at));

  function written(write: (file: h5wasm.File) => void): Uint8Array {
    const file = new h5wasm.File('/written.h5', 'w', { libver: ['earliest', 'v114'], track_order: false });
    write(file);
    file.close();
    return memory().readFile('/written.h5').slice();
  }

  const KINDS: Readonly<Record<string, (file: h5wasm.File) => void>> = {
    'packed in pieces': (file) =>
      file.create_dataset({ name: 'w', data: values, shape: [8, 8], chunks: [4, 4], compression: 'gzip' }),
    'behind a link': (file) => {
      file.create_dataset({ name: 'v', data: values, shape: [8, 8] });
      file.create_soft_link('/v', 'w');
    },
  };

  it.each(Object.keys(KINDS))('a dataset %s', async (kind) => {
    const bytes = written(KINDS[kind]!);
    expect(bytes[8]).toBe(0);
    expect(() => new PlainHdf5(bytes).dataset('/w')).toThrow(NotPlain);
    const read = await withHdf5(bytes, 'w.h5', (file) => file.dataset('/w').read());
    expect([...new Float32Array(read.slice().buffer)]).toEqual([...values]);
  });

  it('big-endian numbers', async () => {
    const bytes = written((file) => file.create_dataset({ name: 'w', data: values, shape: [8, 8] }));
    expect(Buffer.compare(new PlainHdf5(bytes).dataset('/w').read(), new Uint8Array(values.buffer))).toBe(0);
    // Class 1, version 1; bit 0 of the bit field is the order of the bytes.
    const type = Buffer.from(bytes.buffer).indexOf(Uint8Array.of(0x11, 0x20, 31, 0, 4, 0, 0, 0));
    bytes[type + 1] = 0x21;
    expect(() => new PlainHdf5(bytes).dataset('/w')).toThrow(NotPlain);
    const read = await withHdf5(bytes, 'w.h5', (file) => file.dataset('/w').read());
    expect(Buffer.compare(read, Buffer.from(values.slice().buffer).swap32())).toBe(0);
  });

  it('a file of another version', () => {
    const bytes = hdf5Of('structure.h5').slice();
    bytes[8] = 2;
    expect(() => new PlainHdf5(bytes)).toThrow(NotPlain);
  });

  it('a file that is shorter than it says', () => {
    const bytes = hdf5Of('structure.h5');
    expect(() => new PlainHdf5(bytes.subarray(0, -1))).toThrow(NotPlain);
    for (let length = 0; length < 96; length++)
      expect(() => new PlainHdf5(bytes.subarray(0, length))).toThrow(NotPlain);
  });

  it('a header that continues in itself ends', () => {
    const bytes = hdf5Of('structure.h5').slice();
    const view = new DataView(bytes.buffer);
    const root = Number(view.getBigUint64(64, true));
    view.setUint16(root + 16, 0x10, true);
    view.setBigUint64(root + 24, BigInt(root + 16), true);
    view.setBigUint64(root + 32, 24n, true);
    expect(() => new PlainHdf5(bytes).kind('/model_weights')).toThrow(NotPlain);
  });

  it('a tree whose branch is the tree itself ends', () => {
    const bytes = hdf5Of('structure.h5').slice();
    const view = new DataView(bytes.buffer);
    const at = Buffer.from(bytes.buffer).indexOf('TREE');
    for (const level of [1, 16, 255]) {
      bytes[at + 5] = level;
      view.setBigUint64(at + 32, BigInt(at), true);
      expect(() => new PlainHdf5(bytes).kind('/model_weights')).toThrow(NotPlain);
    }
  });

  it('of two thousand damaged files none throws anything else, waits, or gives bytes that are not in the file', () => {
    for (const name of ['structure.h5', 'structure.keras']) {
      const sound = hdf5Of(name).slice();
      const { groups, datasets, texts } = contentsOf(sound);
      let read = 0;
      for (let seed = 1; seed <= 1000; seed++) {
        const bytes = damaged(sound, seededDraw(seed));
        try {
          const file = new PlainHdf5(bytes);
          for (const path of groups) file.kind(path);
          for (const key of texts.keys()) file.texts(...(key.split(' ') as [string, string]));
          for (const path of datasets.keys()) {
            if (file.kind(path) !== 'dataset') continue;
            const { dims, type, read: bytesOf } = file.dataset(path);
            const size = type === 'float32' ? 4 : type === 'int64' || type === 'float64' ? 8 : undefined;
            const count = dims.reduce((product, dim) => product * dim, 1);
            if (size) expect(bytesOf().length).toBe(count * size);
            read++;
          }
        } catch (error) {
          if (!(error instanceof NotPlain)) throw error;
        }
      }
      // Most damage lies in the numbers: these files are still read.
      expect(read).toBeGreaterThan(1000);
    }
  }, 60_000);
});
