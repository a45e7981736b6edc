import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { type Zippable, zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../src/dataset/dataset.ts';
import { decodePicture } from '../../src/picture/decode.ts';
import { walk } from './support.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seewhy-hostile-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../../fixtures/dataset/${name}`, import.meta.url)));
const text = (value: string) => new TextEncoder().encode(value);

/** Seeds of the readers: a valid file each. */
const seeds: Readonly<Record<string, Uint8Array>> = {
  'a.csv': text('path,label,patient,box\n"a\nb.png",x|y,P1,"[1,2,3,4]"\nc.png,z,P2,\n'),
  'b.csv': Buffer.from('path;label\na.png;x\n', 'utf16le'),
  'a.jsonl': text('{"path":"a.png","label":["x"],"bbox":[[1,2,3,4]]}\n"b.png"\n'),
  'a.json': text(
    JSON.stringify({
      images: [{ id: 1, file_name: 'a.png', width: 4, height: 3 }],
      annotations: [{ image_id: 1, category_id: 1, bbox: [0, 0, 1, 1] }],
      categories: [{ id: 1, name: 'x' }],
    }),
  ),
  'a.parquet': fixture('parquet/snappy.parquet'),
  'b.parquet': fixture('parquet/train-00000-of-00001.parquet'),
  'c.parquet': fixture('parquet/labels.parquet'),
  'a.dcm': fixture('dicom/enhanced.dcm').slice(0, 3000),
  'a.zip': zipSync({ 'x/a.png': text('a'.repeat(400)), 'y/b.png': text('b'), 'y/list.txt': text('c') } as Zippable),
  'b.zip': zipSync({
    'Annotations/a.xml': text(
      '<annotation><filename>a.png</filename><object><name>x</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></object></annotation>',
    ),
    'JPEGImages/a.png': text('a'),
  } as Zippable),
};

/** Flips bytes of a file, cuts it, or repeats a part of it. */
const damage = fc.record({
  cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  flips: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 255 })), {
    maxLength: 6,
  }),
  twice: fc.boolean(),
});

function damaged(
  seed: Uint8Array,
  { cut, flips, twice }: { cut: number | null; flips: [number, number][]; twice: boolean },
): Uint8Array {
  const bytes = Uint8Array.from(twice ? [...seed, ...seed.subarray(0, 200)] : seed);
  for (const [place, value] of flips) bytes[Math.min(bytes.length - 1, Math.floor(place * bytes.length))] = value;
  return cut === null ? bytes : bytes.subarray(0, Math.floor(cut * bytes.length));
}

const isOurs = (error: unknown) => error instanceof Error && error.name === 'SeewhyError';

describe('damaged data sets: rows, problems or one clear error', () => {
  it.each(Object.keys(seeds))('%s', async (name) => {
    let number = 0;
    await fc.assert(
      fc.asyncProperty(damage, async (how) => {
        const path = join(folder, `${number++}-${name}`);
        await writeFile(path, damaged(seeds[name]!, how));
        let dataset: Awaited<ReturnType<typeof openDataset>> | undefined;
        try {
          dataset = await openDataset(path);
          const { rows } = await walk(dataset);
          for (const row of rows.slice(0, 3)) {
            await row.read().catch((error) => {
              if (!isOurs(error)) throw error;
            });
          }
        } catch (error) {
          if (!isOurs(error)) throw error;
          expect((error as Error).message).not.toMatch(/\n/);
        } finally {
          await dataset?.close();
          await rm(path, { force: true });
        }
      }),
      { seed: 7, numRuns: 120 },
    );
  });
});

describe('damaged DICOM files: a picture or one clear error', () => {
  const names = [
    'ct-implicit',
    'ct-deflated',
    'enhanced',
    'rle-16',
    'jpeg-ybr',
    'jpeg-lossless',
    'jpeg-ls',
    'jpeg2000',
    'palette-16',
    'voi-lut',
    'one-bit',
  ];
  it.each(names)('%s', async (name) => {
    const seed = fixture(`dicom/${name}.dcm`);
    await fc.assert(
      fc.asyncProperty(damage, async (how) => {
        try {
          const { width, height, data } = await decodePicture(damaged(seed, how), { maxPixels: 1e6 });
          expect(data).toHaveLength(width * height * 3);
        } catch (error) {
          if (!isOurs(error)) throw error;
          expect((error as { code: string }).code).toMatch(/^PICTURE_/);
          expect((error as Error).message).not.toMatch(/\n|\[object/);
        }
      }),
      { seed: 11, numRuns: 60 },
    );
  });
  it('every prefix of a file', async () => {
    const seed = fixture('dicom/jpeg2000.dcm');
    for (let end = 0; end < seed.length; end += 37) {
      const error = await decodePicture(seed.subarray(0, end)).catch((caught) => caught);
      expect(error.code, String(end)).toMatch(/^PICTURE_/);
    }
  });
  it('unknown transfer syntaxes and colours are named', async () => {
    const path = fileURLToPath(new URL('../../../../fixtures/dataset/dicom/ct-explicit.dcm', import.meta.url));
    const patched = (from: string, to: string) =>
      Buffer.from(readFileSync(path).toString('latin1').replace(from, to), 'latin1');
    await expect(decodePicture(patched('1.2.840.10008.1.2.1\0', '1.2.840.10008.1.2.9\0'))).rejects.toThrow(
      /transfer syntax 1\.2\.840\.10008\.1\.2\.9/,
    );
    await expect(
      decodePicture(
        Buffer.from(Buffer.from(fixture('dicom/rgb.dcm')).toString('latin1').replace('RGB ', 'HSV '), 'latin1'),
      ),
    ).rejects.toThrow(/colours 'HSV'/);
    await expect(decodePicture(patched('MONOCHROME2 ', 'RGB         '))).rejects.toThrow(/RGB of 1 samples/);
    await expect(decodePicture(path, { frame: 1 })).rejects.toMatchObject({ code: 'PICTURE_FRAME' });
    await expect(decodePicture(path, { maxPixels: 700 })).rejects.toMatchObject({ code: 'PICTURE_TOO_LARGE' });
  });
});
