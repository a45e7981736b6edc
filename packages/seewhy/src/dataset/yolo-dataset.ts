import { counted } from '@seewhy/report';
import type { Dataset, DatasetItem, DatasetOptions, DatasetRow, MaskRegion } from './contract.ts';
import { datasetErrors, problemOf, shown } from './dataset-errors.ts';
import type { FileTree, TreeFile, TreeListing } from './file-tree.ts';
import { listingHash } from './listing-hash.ts';
import { PathIds, withoutEnding } from './path-ids.ts';
import { isSplitName } from './split-names.ts';
import { looksLikeYoloLabels, yoloLabels } from './yolo-labels.ts';
import { isYoloNote, type YoloNames } from './yolo-names.ts';

const LARGEST_LABELS = 1 << 24;
/** Label files that are looked at to tell what they are, and how much of each. */
const LOOKED_AT = 20;
const HEAD = 4096;

/**
 * YOLO's layout: a text file a picture, in `labels` where the picture lies in `images` (`images/train/a.jpg`, `labels/train/a.txt`;
 * `train/images/a.jpg`, `train/labels/a.txt`), or beside it. Labels are the classes of its objects, the mask the union of their boxes or outlines; a
 * picture without a label file, or with an empty one, shows no object and is of no class. Splits are the folders `train`, `val`, `test`.
 */
export function yoloDataset(
  tree: FileTree,
  listing: TreeListing,
  pictures: readonly TreeFile[],
  { names, keypoints, file, notices: said }: YoloNames,
  options: DatasetOptions,
): Dataset {
  const labelFiles = labelFilesOf(listing, pictures);
  const ids = new PathIds(pictures.map(({ path }) => path));
  const classes = [...names].sort(([a], [b]) => a - b).map(([, name]) => name);
  return {
    kind: `${tree.prefix}yolo`,
    path: tree.path,
    columns: { label: 'class', box: 'x y width height' },
    notices: [
      ...listing.notices,
      ...said,
      file === undefined
        ? 'No data.yaml, classes.txt or obj.names names the classes of the YOLO labels: they are numbers.'
        : `The classes of the YOLO labels are named by '${shown(file)}'.`,
      ...countsOf(listing, pictures, labelFiles),
    ],
    ...(classes.length > 0 ? { classes: [...new Set(classes)] } : {}),
    sha256: async () => listingHash(listing),
    close: () => tree.close(),
    async *rows(): AsyncIterable<DatasetItem> {
      for (const { path, error } of listing.refused) yield { problem: problemOf(error, path) };
      for (const { path } of pictures) {
        let item: DatasetItem;
        try {
          item = await rowOf(path);
        } catch (error) {
          item = { problem: problemOf(error, path) };
        }
        yield item;
      }
    },
  };

  async function rowOf(path: string): Promise<DatasetRow> {
    const labelled = labelFiles.get(path);
    const text = labelled === undefined ? '' : await textOf(labelled);
    const { classes: found, regions } = yoloLabels(text, labelled ?? path, keypoints);
    const nameOf = (index: number) => names.get(index) ?? String(index);
    const split = path.split('/').slice(0, -1).find(isSplitFolder);
    return {
      id: ids.idOf(path),
      path,
      labels: [...new Set(found.map(nameOf))],
      columns: {},
      read: () => tree.read(tree.key(path)),
      ...(split === undefined ? {} : { split }),
      ...(options.columns?.mask === 'alpha'
        ? { mask: { kind: 'alpha' } as const }
        : regions.length > 0
          ? {
              mask: {
                kind: 'regions' as const,
                regions: regions.map(
                  ({ class: index, ...region }): MaskRegion => ({ ...region, label: nameOf(index) }),
                ),
                size: 'shares' as const,
              },
            }
          : {}),
    };
  }

  async function textOf(path: string): Promise<string> {
    const bytes = await tree.read(tree.key(path));
    if (bytes.length > LARGEST_LABELS) throw datasetErrors.annotation(path, 'is larger than 16 MiB');
    return new TextDecoder().decode(bytes);
  }
}

/** Whether text files of the pictures' names hold YOLO labels: half of those that are looked at, at least. The others are problems of their pictures. */
export async function looksLikeYolo(
  tree: FileTree,
  listing: TreeListing,
  pictures: readonly TreeFile[],
): Promise<boolean> {
  const sizes = new Map(listing.files.map(({ path, size }) => [path, size]));
  const filled = [...labelFilesOf(listing, pictures).values()].filter((path) => sizes.get(path)! > 0);
  let [fitting, others] = [0, 0];
  for (const path of filled.slice(0, LOOKED_AT)) {
    const head = await tree.head(tree.key(path), HEAD).catch(() => new Uint8Array(0));
    const text = new TextDecoder().decode(head);
    // The last line may have been cut.
    const fits = looksLikeYoloLabels(head.length < HEAD ? text : text.slice(0, text.lastIndexOf('\n') + 1));
    if (fits === true) fitting++;
    else if (fits === false) others++;
  }
  return fitting > 0 && fitting >= others;
}

/** `val2017` is a split's folder too. */
const isSplitFolder = (name: string): boolean => isSplitName(name.replace(/\d{4}$/, ''));

/** The label file of each picture that has one, by the picture's path. */
function labelFilesOf({ files }: TreeListing, pictures: readonly TreeFile[]): ReadonlyMap<string, string> {
  const texts = new Set(files.map(({ path }) => path).filter((path) => /\.txt$/i.test(path)));
  return new Map(
    pictures.flatMap(({ path }) => {
      const stem = withoutEnding(path);
      const found = [asLabels(stem), stem].flatMap((one) => (one === undefined ? [] : [`${one}.txt`, `${one}.TXT`]));
      const file = found.find((one) => texts.has(one));
      return file === undefined ? [] : [[path, file] as const];
    }),
  );
}

/** The same path with its last folder `images` called `labels`; undefined where there is none. */
function asLabels(path: string): string | undefined {
  const parts = path.split('/');
  const at = parts.slice(0, -1).findLastIndex((part) => part.toLowerCase() === 'images');
  return at < 0 ? undefined : parts.with(at, 'labels').join('/');
}

function countsOf(
  { files }: TreeListing,
  pictures: readonly TreeFile[],
  labelFiles: ReadonlyMap<string, string>,
): string[] {
  const used = new Set(labelFiles.values());
  const empty = files.filter(({ path, size }) => size === 0 && used.has(path)).length;
  const without = pictures.length - labelFiles.size + empty;
  const lost = files.filter(
    ({ path }) => /(^|\/)labels\/(?:.*\/)?[^/]+\.txt$/i.test(path) && !used.has(path) && !isYoloNote(path),
  ).length;
  return [
    ...(without > 0
      ? [
          `${counted(without, 'picture')} ${without === 1 ? 'has' : 'have'} no label file, or an empty one: of no class.`,
        ]
      : []),
    ...(lost > 0 ? [`${counted(lost, 'label file')} ${lost === 1 ? 'belongs' : 'belong'} to no picture.`] : []),
  ];
}
