import { posix } from 'node:path';
import { cellText, cellValue } from './cell.ts';
import { cellNumber } from './cell-boxes.ts';
import type { Dataset, DatasetItem, DatasetOptions, MaskRegion } from './contract.ts';
import { datasetErrors, problemOf } from './dataset-errors.ts';
import type { FileTree } from './file-tree.ts';
import { columnNamed } from './find-columns.ts';
import { hashOf } from './manifest-dataset.ts';
import { PictureIndex, type TableItem, type TableRow } from './picture-index.ts';

interface Coco {
  readonly images: readonly unknown[];
  readonly annotations: readonly unknown[];
  readonly categories: readonly unknown[];
}

/** What is said of a picture besides what seewhy uses, and is no address or licence number. */
const UNUSED = new Set('id file_name width height coco_url flickr_url license date_captured url'.split(' '));
/** Pictures that are looked for to find the folder they lie in. */
const PROBED = 5;

/** True for what looks like COCO annotations: one object with the lists `images` and `annotations`. */
export const isCoco = (value: unknown): value is Coco =>
  value !== null &&
  typeof value === 'object' &&
  'images' in value &&
  Array.isArray(value.images) &&
  (!('annotations' in value) || Array.isArray(value.annotations)) &&
  (!('categories' in value) || Array.isArray(value.categories)) &&
  ('annotations' in value || 'categories' in value);

/**
 * COCO annotations: a picture's labels are the categories of its annotations, its mask the union of their polygons and run lengths, or of
 * their boxes where they have none. Pictures lie in the folder of the annotations, or in one of the usual places beside it.
 */
export async function cocoDataset(
  coco: Coco,
  place: { readonly tree: FileTree; readonly file: string; readonly path: string; bytes(): AsyncIterable<Uint8Array> },
  options: DatasetOptions,
): Promise<Dataset> {
  const { images, annotations = [], categories = [] } = coco;
  if (images.length === 0) throw datasetErrors.manifestEmpty(place.path, 'lists no pictures');
  const names = new Map<unknown, string>();
  for (const category of categories.map(record)) {
    const name = cellText(category.name) ?? cellText(category.id);
    if (name !== undefined) names.set(category.id, name);
  }
  const byImage = new Map<unknown, Record<string, unknown>[]>();
  const ids = new Set(images.map((image) => record(image).id));
  let lost = 0;
  for (const annotation of annotations.map(record)) {
    if (!ids.has(annotation.image_id)) lost++;
    const known = byImage.get(annotation.image_id);
    if (known) known.push(annotation);
    else byImage.set(annotation.image_id, [annotation]);
  }
  const notices: string[] = [];
  if (lost > 0) notices.push(`${lost} annotations of ${place.path} are of pictures that it does not list.`);
  const folder = await pictureFolder(images, place, options);
  const own = posix.dirname(place.file) === '.' ? '' : posix.dirname(place.file);
  if (folder !== own) notices.push(`The pictures were found in '${folder || '.'}'.`);
  const header = [...new Set(images.slice(0, 200).flatMap((image) => Object.keys(record(image))))];
  const group = options.columns?.group ?? columnNamed(header, 'group');
  const split = options.columns?.split ?? columnNamed(header, 'split');
  const used: Record<string, string> = {
    path: 'file_name',
    label: 'categories',
    ...(options.id === undefined ? {} : { id: options.id }),
    ...(group === undefined ? {} : { group }),
    ...(split === undefined ? {} : { split }),
  };
  for (const name of [options.id, group, split])
    if (name !== undefined && !header.includes(name))
      throw datasetErrors.noColumn(place.path, 'its pictures', name, header);

  // A picture may be listed several times, with annotations each; one number may be that of several pictures: the first by path has it.
  const listed = new Map<string, unknown[]>();
  const owners = new Map<unknown, string>();
  for (const image of images.map(record)) {
    const path = cellText(image.file_name);
    if (path === undefined) continue;
    const known = listed.get(path);
    if (known) known.push(image.id);
    else listed.set(path, [image.id]);
    const owner = owners.get(image.id);
    if (owner === undefined || path < owner) owners.set(image.id, path);
  }

  const rowOf = (image: Record<string, unknown>, number: number): TableRow => {
    const path = cellText(image.file_name);
    if (path === undefined) throw datasetErrors.pathEmpty(`picture ${number}`);
    const owner = owners.get(image.id)!;
    if (owner !== path) throw datasetErrors.idTwice(cellText(image.id) ?? '', owner);
    const key = place.tree.locate(path, folder);
    const id = options.id === undefined ? undefined : cellText(image[options.id]);
    const numbers = [...new Set(listed.get(path))].filter((one) => owners.get(one) === path).sort();
    const found = numbers.flatMap((one) => byImage.get(one) ?? []);
    const labels = [...new Set(found.map(({ category_id }) => names.get(category_id) ?? cellText(category_id)))];
    const [width, height] = [cellNumber(image.width), cellNumber(image.height)];
    const size = width && height ? ([width, height] as const) : undefined;
    const regions = found.flatMap((annotation) => regionsOf(annotation, names.get(annotation.category_id), path));
    const groupText = group === undefined ? undefined : cellText(image[group]);
    const splitText = split === undefined ? undefined : cellText(image[split]);
    const columns = Object.entries(image)
      .filter(([name]) => !UNUSED.has(name) && name !== group && name !== split && name !== options.id)
      .map(([name, value]) => [name, cellValue(value)] as const)
      .filter((entry): entry is readonly [string, string | number | boolean] => entry[1] !== undefined);
    const row: TableRow['row'] = {
      path,
      line: number,
      labels: labels.filter((label) => label !== undefined),
      columns: Object.fromEntries(columns),
      read: () => place.tree.read(key),
      ...(groupText === undefined ? {} : { group: groupText }),
      ...(splitText === undefined ? {} : { split: splitText }),
      ...(options.columns?.mask === 'alpha'
        ? { mask: { kind: 'alpha' } as const }
        : regions.length > 0
          ? { mask: { kind: 'regions', regions, ...(size ? { size } : {}) } as const }
          : {}),
    };
    return {
      row,
      name: path,
      where: path,
      cells: new Map(Object.entries(image)),
      ...(id === undefined ? {} : { own: id }),
    };
  };
  const walk = async function* (): AsyncIterable<TableItem> {
    for (const [at, image] of images.entries()) {
      let item: TableItem;
      try {
        item = rowOf(record(image), at + 1);
      } catch (error) {
        item = { problem: problemOf(error, cellText(record(image).file_name) ?? `picture ${at + 1}`) };
      }
      yield item;
    }
  };
  let index: Promise<PictureIndex> | undefined;

  return {
    kind: `${place.tree.prefix}coco`,
    path: place.path,
    columns: used,
    notices,
    ...(names.size > 0 ? { classes: [...new Set(names.values())] } : {}),
    sha256: () => hashOf(place.bytes()),
    close: () => place.tree.close(),
    async *rows(): AsyncIterable<DatasetItem> {
      index ??= PictureIndex.of(walk, options.id === undefined ? 'paths' : 'asked', []);
      const read = (await index).reader();
      for await (const item of walk()) {
        const found = 'problem' in item ? item : await read(item);
        if (found) yield found;
      }
    },
  };
}

const record = (value: unknown): Record<string, unknown> =>
  value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};

function regionsOf(annotation: Record<string, unknown>, label: string | undefined, where: string): MaskRegion[] {
  const named = label === undefined ? {} : { label };
  const { segmentation, bbox } = annotation;
  if (Array.isArray(segmentation)) {
    const polygons = segmentation.filter(
      (polygon): polygon is number[] => Array.isArray(polygon) && polygon.length >= 6,
    );
    if (polygons.length > 0) return polygons.map((polygon) => ({ ...named, polygon }));
  } else if (segmentation !== null && typeof segmentation === 'object') {
    const { counts, size } = segmentation as { counts?: unknown; size?: unknown };
    if ((typeof counts === 'string' || Array.isArray(counts)) && Array.isArray(size) && size.length === 2)
      return [{ ...named, runs: counts, size: size as unknown as [number, number] }];
    throw datasetErrors.maskInvalid(where, 'its run lengths have no counts or no size');
  }
  if (Array.isArray(bbox) && bbox.length === 4)
    return [{ ...named, box: bbox as unknown as [number, number, number, number] }];
  return [];
}

/** The first usual folder in which one of the first pictures lies; else that of the annotations. */
async function pictureFolder(
  images: readonly unknown[],
  { tree, file }: { readonly tree: FileTree; readonly file: string },
  options: DatasetOptions,
): Promise<string> {
  const own = posix.dirname(file) === '.' ? '' : posix.dirname(file);
  if (options.imageRoot !== undefined) return own;
  const above = own.includes('/') ? posix.dirname(own) : '';
  // instances_val2017.json → val2017
  const part = posix
    .basename(file)
    .replace(/\.json$/i, '')
    .split(/[_.-]/)
    .filter((word) => /^(train|val|valid|test|dev)/i.test(word));
  const folders = [own, ...(own === '' ? [] : [above])].flatMap((base) =>
    ['', 'images', 'data', 'JPEGImages', 'train', 'val', 'test', ...part, ...part.map((word) => `images/${word}`)].map(
      (name) => posix.join(base, name).replace(/^\.$/, ''),
    ),
  );
  const probes = images.slice(0, PROBED).flatMap((image) => cellText(record(image).file_name) ?? []);
  for (const folder of new Set(folders)) {
    for (const probe of probes) {
      try {
        if (await tree.exists(tree.locate(probe, folder))) return folder;
      } catch {
        // A path that leaves the data set: its row tells.
      }
    }
  }
  return own;
}
