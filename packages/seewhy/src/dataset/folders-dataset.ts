import { naturalOrder } from '../natural-order.ts';
import type { Dataset, DatasetItem, DatasetOptions, DatasetRow, MaskSource } from './contract.ts';
import { datasetErrors, problemOf, shown } from './dataset-errors.ts';
import { dicomFacts, dicomRows, maybeDicom } from './dicom-rows.ts';
import type { FileTree, TreeFile, TreeListing } from './file-tree.ts';
import { listingHash } from './listing-hash.ts';
import { MASK_FOLDERS } from './mask-folders.ts';
import { PathIds, withoutEnding } from './path-ids.ts';
import { isSplitName } from './split-names.ts';

/** `lesion_mask.png` belongs to `lesion.png`, and so do `lesion_mask_1.png` and `lesion_mask (2).png`. */
const MASK_SUFFIX = /[-_. ](mask|segmentation|seg|gt)(?:[-_. ]?(?:\d{1,3}|\(\d{1,3}\)))?$/i;

/** Folders that a notice names. */
const MOST_NAMED = 8;

/**
 * Folders per class, `CLASS/picture.png`, also below splits: `train/CLASS/picture.png`, `CLASS/train/picture.png`. Deeper folders are
 * kept as the column `folder`. Masks lie beside the pictures (`x_mask.png`) or in a folder `masks` of the same structure; of several with
 * numbers (`x_mask.png`, `x_mask_1.png`, `x_mask_2.png`) the union is the picture's mask.
 * @param pictures the listed files that are pictures, in order
 * @param about `classless`: the folders are not named after classes
 */
export function foldersDataset(
  tree: FileTree,
  listing: TreeListing,
  pictures: readonly TreeFile[],
  options: DatasetOptions,
  { classless = false, kind = 'folders' }: { readonly classless?: boolean; readonly kind?: string } = {},
): Dataset {
  const layout = classless ? pictures.map(unplaced) : layoutOf(pictures);
  const { plain, masks } = apart(layout);
  if (plain.length === 0) throw datasetErrors.empty(tree.path);
  const classes = [...new Set(plain.flatMap(({ label }) => label ?? []))].sort(naturalOrder);
  const notices = [...listing.notices];
  const left = listing.files.length - pictures.length;
  if (left > 0)
    notices.push(`${left} ${left === 1 ? 'file that is no picture was' : 'files that are no pictures were'} left out.`);
  if (classes.length === 0) notices.push('The pictures do not lie in folders named after classes: none has a label.');
  notices.push(...withoutPictures(listing, pictures, plain));
  const ids = new PathIds(plain.map(({ file }) => file.path));
  const masked = plain.flatMap((picture) => masks.get(picture.key) ?? []);
  const several = masked.filter(({ paths }) => paths.length > 1).length;
  if (masked.length > 0)
    notices.push(
      `${masked.length} pictures have masks beside them${several > 0 ? `, ${several} of them several: what is inside any of them is their mask` : ''}.`,
    );
  return {
    kind: tree.prefix + kind,
    path: tree.path,
    columns: {},
    notices,
    ...(classes.length > 0 ? { classes } : {}),
    sha256: async () => listingHash(listing),
    close: () => tree.close(),
    async *rows(): AsyncIterable<DatasetItem> {
      for (const { path, error } of listing.refused) yield { problem: problemOf(error, path) };
      for (const picture of plain) {
        const { file, label, split, rest } = picture;
        const mask =
          options.columns?.mask === 'alpha' ? ({ kind: 'alpha' } as const) : maskSource(tree, masks.get(picture.key));
        const row: DatasetRow = {
          id: ids.idOf(file.path),
          path: file.path,
          columns: rest === '' ? {} : { folder: rest },
          read: () => tree.read(tree.key(file.path)),
          ...(label === undefined ? {} : { labels: [label] }),
          ...(split === undefined ? {} : { split }),
          ...(mask === undefined ? {} : { mask }),
        };
        const facts = maybeDicom(file.path) ? await dicomFacts(tree, tree.key(file.path)) : undefined;
        if (facts) yield* dicomRows(row, facts);
        else yield row;
      }
    },
  };
}

/** Folders where those of the classes lie that hold no picture: a class that nothing was saved for. */
function withoutPictures(
  { files, bare = [] }: TreeListing,
  pictures: readonly TreeFile[],
  plain: readonly Placed[],
): string[] {
  const parents = new Set(
    plain.flatMap(({ file, label }) => {
      const parts = file.path.split('/');
      return label === undefined ? [] : [parts.slice(0, parts.indexOf(label)).join('/')];
    }),
  );
  const foldersIn = (path: string) => {
    const parts = path.split('/');
    return parts.flatMap((_, at) =>
      parents.has(parts.slice(0, at).join('/')) ? [parts.slice(0, at + 1).join('/')] : [],
    );
  };
  const above = ({ path }: TreeFile) => foldersIn(path).filter((folder) => folder !== path);
  const holding = new Set(pictures.flatMap(above));
  const found = new Set([...files.flatMap(above), ...bare.flatMap(foldersIn)].filter((folder) => !holding.has(folder)));
  if (found.size === 0) return [];
  const names = [...found].sort(naturalOrder);
  const some = names.slice(0, MOST_NAMED).map((name) => `'${shown(name)}'`);
  return [
    names.length === 1
      ? `The folder ${some[0]} holds no pictures.`
      : `${names.length} folders hold no pictures: ${some.join(', ')}${names.length > MOST_NAMED ? ', …' : ''}.`,
  ];
}

function maskSource(tree: FileTree, found: FoundMasks | undefined): MaskSource | undefined {
  if (found === undefined) return undefined;
  const files = found.paths.map((path) => ({ path, read: () => tree.read(tree.key(path)) }));
  return files.length === 1 ? { kind: 'file', ...files[0]! } : { kind: 'files', files };
}

const unplaced = (file: TreeFile): Placed => {
  const parts = file.path.split('/');
  return { file, key: withoutEnding(file.path), rest: parts.slice(0, -1).join('/'), mask: false };
};

interface Placed {
  readonly file: TreeFile;
  /** Path without the roots of the layout and the ending: what a mask has in common with its picture. */
  readonly key: string;
  readonly label?: string;
  readonly split?: string;
  /** Folders below the class. */
  readonly rest: string;
  /** Lies in a folder of masks. */
  readonly mask: boolean;
}

/** What each folder on the way to a picture says. */
function layoutOf(pictures: readonly TreeFile[]): Placed[] {
  const masked = layoutWith(pictures, true);
  const keys = new Set(masked.filter(({ mask }) => !mask).map(({ key }) => key));
  // 'mask' and 'no mask' may be classes: a folder holds masks where they have their pictures' names.
  const isMask = ({ mask, key }: Placed) => mask && (keys.has(key) || keys.has(key.replace(MASK_SUFFIX, '')));
  return masked.some(isMask) ? masked : layoutWith(pictures, false);
}

function layoutWith(pictures: readonly TreeFile[], maskFolders: boolean): Placed[] {
  const tops = new Set(pictures.map(({ path }) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '')));
  const named = [...tops].filter((top) => top !== '').map((top) => top.toLowerCase());
  const hasMasks = maskFolders && named.some((top) => MASK_FOLDERS.has(top)) && named.length > 1;
  // `images` is no class where the masks lie in a folder beside it, or where it holds all there is.
  const isRoot = (top: string) =>
    (hasMasks || named.every((one) => one === top.toLowerCase())) && /^(images?|imgs?|pictures?|photos?)$/i.test(top);
  const others = named.filter((top) => !(hasMasks && MASK_FOLDERS.has(top)) && !isRoot(top));
  // A class may be called 'test'; splits are meant where every folder is one.
  const splitsFirst = others.length > 0 && others.every(isSplitName);
  const inRoots = pictures.map(({ path }) => path.split('/')).filter((parts) => parts.length > 1 && isRoot(parts[0]!));
  const splitsBelow = inRoots.length > 0 && inRoots.every((parts) => parts.length > 2 && isSplitName(parts[1]!));
  return pictures.map((file) => {
    const parts = file.path.split('/');
    const name = parts.pop()!;
    let mask = false;
    if (hasMasks && parts.length > 0 && MASK_FOLDERS.has(parts[0]!.toLowerCase())) {
      mask = true;
      parts.shift();
    }
    const inRoot = !mask && parts.length > 0 && isRoot(parts[0]!);
    if (inRoot) parts.shift();
    const key = withoutEnding([...parts, name].join('/'));
    const inSplits = splitsFirst || (inRoot && splitsBelow) || (hasMasks && parts.length > 1 && isSplitName(parts[0]!));
    let split = inSplits ? parts.shift() : undefined;
    const label = parts.shift();
    if (split === undefined && parts.length > 0 && isSplitName(parts[0]!)) split = parts.shift();
    return {
      file,
      key,
      mask,
      rest: parts.join('/'),
      ...(label === undefined ? {} : { label }),
      ...(split === undefined ? {} : { split }),
    };
  });
}

/** The mask files of one picture: one, or several of the same word (`mask`, `seg` …) with numbers. */
interface FoundMasks {
  readonly word: string;
  readonly names: Set<string>;
  readonly paths: string[];
}

/** Pictures, and the masks of those that have one by their key. A mask without a picture is a picture. */
function apart(layout: readonly Placed[]): { plain: Placed[]; masks: ReadonlyMap<string, FoundMasks> } {
  const keys = new Set(layout.filter(({ mask }) => !mask).map(({ key }) => key));
  const masks = new Map<string, FoundMasks>();
  const plain = layout.filter(({ file, key, mask }) => {
    const of = key.replace(MASK_SUFFIX, '');
    const own = mask ? [key, of].find((one) => keys.has(one)) : of !== key && keys.has(of) ? of : undefined;
    if (own === undefined) return !mask;
    const word = own === key ? '' : (MASK_SUFFIX.exec(key)?.[1] ?? '').toLowerCase();
    const known = masks.get(own);
    if (!known) masks.set(own, { word, names: new Set([key]), paths: [file.path] });
    else if (known.word === word && !known.names.has(key)) {
      // The same name with another ending, and masks by another word, may be the same mask once more.
      known.names.add(key);
      known.paths.push(file.path);
    }
    return false;
  });
  return { plain, masks };
}
