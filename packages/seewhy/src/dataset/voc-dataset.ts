import { posix } from 'node:path';
import { cellText } from './cell.ts';
import { boxFrom, cellNumber } from './cell-boxes.ts';
import type { Dataset, DatasetItem, DatasetOptions, DatasetRow, MaskRegion, MaskSource } from './contract.ts';
import { datasetErrors, problemOf } from './dataset-errors.ts';
import type { FileTree, TreeFile, TreeListing } from './file-tree.ts';
import { listingHash } from './listing-hash.ts';
import { PathIds, withoutEnding } from './path-ids.ts';
import { textStream } from './text-stream.ts';

const LARGEST_XML = 1 << 22;

/**
 * Pascal VOC: an XML file a picture, in `Annotations` (pictures in `JPEGImages`) or beside it. Labels are the names of its objects, the
 * mask is `SegmentationClass/<name>.png` where there is one, else the union of the boxes; splits come from `ImageSets/Main`.
 */
export async function vocDataset(
  tree: FileTree,
  listing: TreeListing,
  pictures: readonly TreeFile[],
  options: DatasetOptions,
): Promise<Dataset> {
  const files = annotationFiles(listing, pictures);
  const byStem = new Map(pictures.map(({ path }) => [stemOf(path), path]));
  for (const { path } of pictures) if (/(^|\/)(JPEGImages|images)\//i.test(path)) byStem.set(stemOf(path), path);
  const segmentations = new Map(
    listing.files
      .filter(({ path }) => /(^|\/)SegmentationClass\/[^/]+\.png$/.test(path))
      .map(({ path }) => [stemOf(path), path] as const),
  );
  const splits = await splitsOf(tree, listing);
  const ids = new PathIds(byStem.values());
  const notices = [...listing.notices];
  return {
    kind: `${tree.prefix}voc`,
    path: tree.path,
    columns: { path: 'filename', label: 'object', ...(splits.size > 0 ? { split: 'ImageSets/Main' } : {}) },
    notices,
    sha256: async () => listingHash(listing),
    close: () => tree.close(),
    async *rows(): AsyncIterable<DatasetItem> {
      const seen = new PathIds();
      for (const { path, error } of listing.refused) yield { problem: problemOf(error, path) };
      for (const file of files) {
        try {
          const row = await rowOf(file);
          if (!seen.add(row.path)) throw datasetErrors.annotatedTwice(row.path);
          yield row;
        } catch (error) {
          yield { problem: problemOf(error, file) };
        }
      }
    },
  };

  async function rowOf(file: string): Promise<DatasetRow> {
    const annotation = await readAnnotation(tree, file);
    const written = cellText(annotation.filename);
    const stem = stemOf(file);
    const key =
      written !== undefined && /[/\\]/.test(written)
        ? tree.locate(written, posix.dirname(file) === '.' ? '' : posix.dirname(file))
        : tree.key(byStem.get(written === undefined ? stem : stemOf(written)) ?? byStem.get(stem) ?? written ?? stem);
    const path = (written === undefined ? byStem.get(stem) : byStem.get(stemOf(written))) ?? written ?? stem;
    const objects = list(annotation.object).map(record);
    const labels = [...new Set(objects.map(({ name }) => cellText(name)).filter((name) => name !== undefined))];
    const split = splits.get(stem);
    const mask = maskOf(stem, objects, annotation, path);
    return {
      id: ids.idOf(path),
      path,
      labels,
      columns: {},
      read: () => tree.read(key),
      ...(split === undefined ? {} : { split }),
      ...(mask === undefined ? {} : { mask }),
    };
  }

  function maskOf(
    stem: string,
    objects: readonly Record<string, unknown>[],
    annotation: Record<string, unknown>,
    where: string,
  ): MaskSource | undefined {
    if (options.columns?.mask === 'alpha') return { kind: 'alpha' };
    const file = segmentations.get(stem);
    if (file !== undefined) return { kind: 'file', path: file, ignore: 'voc', read: () => tree.read(tree.key(file)) };
    const regions = objects.flatMap((object): MaskRegion[] => {
      const { xmin, ymin, xmax, ymax } = record(object.bndbox);
      const four = [xmin, ymin, xmax, ymax].map(cellNumber);
      if (!four.every((value) => value !== undefined)) return [];
      const [left, top, right, bottom] = four as [number, number, number, number];
      const label = cellText(object.name);
      // Pixels are counted from 1, and the last one belongs to the box.
      return [
        { box: boxFrom([left - 1, top - 1, right, bottom], true, where), ...(label === undefined ? {} : { label }) },
      ];
    });
    if (regions.length === 0) return undefined;
    const { width, height } = record(annotation.size);
    const size = [cellNumber(width), cellNumber(height)] as const;
    return { kind: 'regions', regions, ...(size[0] && size[1] ? { size: [size[0], size[1]] as const } : {}) };
  }
}

/** Whether XML files name pictures of the same name, beside them or in `Annotations`. */
export const looksLikeVoc = (listing: TreeListing, pictures: readonly TreeFile[]): boolean =>
  annotationFiles(listing, pictures).length > 0;

function annotationFiles({ files }: TreeListing, pictures: readonly TreeFile[]): string[] {
  const xml = files.map(({ path }) => path).filter((path) => /\.xml$/i.test(path));
  const inFolder = xml.filter((path) => /(^|\/)Annotations\//.test(path));
  if (inFolder.length > 0) return inFolder;
  const stems = new Set(pictures.map(({ path }) => stemOf(path)));
  const named = xml.filter((path) => stems.has(stemOf(path)));
  // One XML file of the same name as a picture may be anything; most of them are annotations.
  return named.length * 2 > xml.length ? named : [];
}

const stemOf = (path: string): string => withoutEnding(posix.basename(path.replaceAll('\\', '/')));

const record = (value: unknown): Record<string, unknown> =>
  value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};

const list = (value: unknown): unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

async function readAnnotation(tree: FileTree, file: string): Promise<Record<string, unknown>> {
  const { XMLParser } = await import('fast-xml-parser');
  const invalid = (detail: string, cause?: unknown) => datasetErrors.annotation(file, detail, cause);
  const bytes = await tree.read(tree.key(file));
  if (bytes.length > LARGEST_XML) throw invalid('is larger than 4 MiB');
  let text = '';
  for await (const piece of (await textStream(oneOf(bytes), file)).text) text += piece;
  // Entities that a file declares for itself have no place here, and can be made to grow without end.
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) throw invalid('declares a document type');
  try {
    const parsed = new XMLParser({ parseTagValue: false, ignoreAttributes: true }).parse(text, true) as unknown;
    const { annotation } = record(parsed);
    if (annotation === undefined) throw new Error("no element 'annotation'");
    return record(annotation);
  } catch (cause) {
    throw invalid(`is no VOC annotation (${(cause as Error).message.slice(0, 120)})`, cause);
  }
}

async function* oneOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

/** Splits by picture, out of `ImageSets/Main/{train,val,test}.txt`. */
async function splitsOf(tree: FileTree, { files }: TreeListing): Promise<Map<string, string>> {
  const splits = new Map<string, string>();
  for (const { path } of files) {
    const name = /(?:^|\/)ImageSets\/(?:Main\/)?(train|val|test)\.txt$/.exec(path)?.[1];
    if (name === undefined) continue;
    const text = new TextDecoder().decode(await tree.read(tree.key(path)));
    for (const line of text.split('\n')) {
      const stem = line.trim().split(/\s+/)[0]!;
      if (stem !== '') splits.set(stem, name);
    }
  }
  return splits;
}
