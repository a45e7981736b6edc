import { posix } from 'node:path';
import { isSeewhyError } from '@seewhy/onnx';
import { dicomStart, START_BYTES } from '../picture/dicom/dicom-start.ts';
import { looksLikePicture } from '../sources.ts';
import { cocoDataset, isCoco } from './coco-dataset.ts';
import type { Dataset, DatasetOptions } from './contract.ts';
import { openCsv } from './csv-table.ts';
import { datasetErrors } from './dataset-errors.ts';
import { dicomFacts, maybeDicom } from './dicom-rows.ts';
import type { FileTree, TreeFile, TreeListing } from './file-tree.ts';
import { columnNamed, idAsPath } from './find-columns.ts';
import { foldersDataset } from './folders-dataset.ts';
import { joinedSplits, type SplitPart } from './joined-splits.ts';
import { readJson } from './json-file.ts';
import { jsonTable } from './json-table.ts';
import { openJsonl } from './jsonl-table.ts';
import { type ManifestPart, manifestDataset } from './manifest-dataset.ts';
import type { ManifestTable } from './manifest-table.ts';
import { openParquet } from './parquet-table.ts';
import { isSplitName } from './split-names.ts';
import { SubTree } from './sub-tree.ts';
import { looksLikeVoc, vocDataset } from './voc-dataset.ts';
import { looksLikeYolo, yoloDataset } from './yolo-dataset.ts';
import { namesOfYaml, yoloNames } from './yolo-names.ts';

const FOLDERS_LOOKED_AT = 50;
const MANIFEST = /\.(csv|tsv|jsonl|ndjson|parquet)$/i;
/** `train.csv`, `test-00000-of-00002.parquet`: a part of a data set. */
const PART = /^([a-z]+)(?:-\d{5}-of-\d{5}(?:-[0-9a-f]+)?)?\.(?:csv|tsv|jsonl|parquet)$/i;

/** The data set that the files of a tree make. */
export async function treeDataset(whole: FileTree, path: string, options: DatasetOptions): Promise<Dataset> {
  const { tree, listing } = await unwrapped(whole);
  const { files } = listing;
  if (files.length === 0 && listing.refused.length === 0) throw datasetErrors.empty(path);
  const pictures = await picturesOf(tree, files);

  const metadata = files.filter((one) => /^(?:[^/]+\/)?metadata\.(csv|jsonl|parquet)$/i.test(one.path));
  if (metadata.length > 0) return several(tree, metadata, { path, kind: 'imagefolder', folders: true }, options);
  if (looksLikeVoc(listing, pictures)) return vocDataset(tree, listing, pictures, options);

  const coco = await cocoFiles(tree, files);
  if (coco.length === 1) return fileDataset(tree, coco[0]!, path, options);
  if (coco.length > 1) {
    // As Roboflow exports them: `train/_annotations.coco.json`, `valid/_annotations.coco.json`.
    const splits = coco.map((file) => posix.basename(folderOf(file)));
    if (new Set(splits).size < coco.length || !splits.every(isSplitName))
      throw datasetErrors.severalManifests(path, coco);
    const parts: SplitPart[] = [];
    for (const [at, file] of coco.entries())
      parts.push({ split: splits[at]!, dataset: await fileDataset(tree, file, file, options) });
    return joinedSplits(path, parts);
  }

  const manifests = await usableManifests(tree, files, options);
  const parts = manifests.filter((one) => isSplitName(PART.exec(posix.basename(one.path))?.[1] ?? ''));
  if (manifests.length > 1 && parts.length === manifests.length)
    return several(
      tree,
      parts,
      { path, kind: posix.extname(parts[0]!.path).slice(1).toLowerCase(), folders: false },
      options,
    );
  if (manifests.length === 1)
    return fileDataset(tree, manifests[0]!.path, path, options, [`The manifest '${manifests[0]!.path}' was taken.`]);
  const inFolders = pictures.some((one) => one.path.includes('/'));
  if (manifests.length > 1 && !inFolders)
    throw datasetErrors.severalManifests(
      path,
      manifests.map((one) => one.path),
    );
  if (await looksLikeYolo(tree, listing, pictures))
    return yoloDataset(tree, listing, pictures, await yoloNames(tree, files), options);
  if (pictures.length === 0 || !pictures.every((one) => maybeDicom(one.path)))
    return foldersDataset(tree, listing, pictures, options);
  return foldersDataset(tree, listing, pictures, options, {
    kind: 'dicom',
    classless: await areStudies(tree, pictures),
  });
}

/** The pictures of a folder with YOLO's labels, which a `data.yaml` describes. @param file its path, as people know it */
export async function describedYolo(
  tree: FileTree,
  file: string,
  text: string,
  options: DatasetOptions,
): Promise<Dataset> {
  const found = await namesOfYaml(text, file);
  const listing = await tree.list();
  const pictures = await picturesOf(tree, listing.files);
  if (!(await looksLikeYolo(tree, listing, pictures))) throw datasetErrors.noYolo(file, tree.path);
  const names = { ...found, ...(found.names.size > 0 ? { file } : {}), notices: [] };
  return yoloDataset(tree, listing, pictures, names, options);
}

/** Files that are pictures by their ending, and DICOM files, which often have none. */
async function picturesOf(tree: FileTree, files: readonly TreeFile[]): Promise<TreeFile[]> {
  const found: TreeFile[] = [];
  for (const file of files) {
    if (looksLikePicture(file.path)) found.push(file);
    else if (file.size > 132 && maybeDicom(file.path) && posix.basename(file.path) !== 'DICOMDIR') {
      const head = await tree.head(tree.key(file.path), START_BYTES).catch(() => new Uint8Array(0));
      if (dicomStart(head) !== undefined) found.push(file);
    }
  }
  return found;
}

/** Whether the folders of DICOM files are named after patients and series, as archives export them, and not after classes. */
async function areStudies(tree: FileTree, pictures: readonly TreeFile[]): Promise<boolean> {
  const firsts = new Map<string, TreeFile>();
  for (const picture of pictures) {
    const top = picture.path.includes('/') ? picture.path.slice(0, picture.path.indexOf('/')) : '';
    if (top !== '' && !firsts.has(top)) firsts.set(top, picture);
  }
  let studies = 0;
  const looked = [...firsts].slice(0, FOLDERS_LOOKED_AT);
  for (const [top, { path }] of looked) {
    const patient = (await dicomFacts(tree, tree.key(path)))?.patient;
    if (
      patient === top ||
      /^[\d.]{10,}$/.test(top) ||
      /^(study|series|st|se|pat?|im|dicom|dcm|images?)[-_ ]?\d*$/i.test(top)
    )
      studies++;
  }
  return studies * 2 > looked.length;
}

/** The data set that one file of a tree describes. */
export async function fileDataset(
  tree: FileTree,
  file: string,
  path: string,
  options: DatasetOptions,
  notices: readonly string[] = [],
): Promise<Dataset> {
  const key = tree.key(file);
  const bytes = () => tree.stream(key);
  const folder = folderOf(file);
  if (/\.json$/i.test(file)) {
    const value = await readJson(path, bytes());
    if (isCoco(value)) return cocoDataset(value, { tree, file, path, bytes }, options);
    const table = jsonTable(value, path);
    return manifestDataset([{ table, tree, folder, path, bytes }], { path, notices }, options);
  }
  if (maybeDicom(file) && (await dicomFacts(tree, key))) {
    const opened = await tree.random(key);
    const alone: TreeFile = { path: file, size: opened.size };
    await opened.close();
    const listing: TreeListing = { files: [alone], refused: [], notices: [] };
    return foldersDataset(tree, listing, [alone], options, { kind: 'dicom', classless: true });
  }
  const table = await tableOf(tree, file, path, options);
  return manifestDataset([{ table, tree, folder, path, bytes }], { path, notices }, options);
}

/** Several manifests as one data set; a folder or name that is a split's is the split of its rows. */
async function several(
  tree: FileTree,
  files: readonly TreeFile[],
  about: { readonly path: string; readonly kind: string; readonly folders: boolean },
  options: DatasetOptions,
): Promise<Dataset> {
  const parts: ManifestPart[] = [];
  for (const { path } of files) {
    const folder = folderOf(path);
    const name = about.folders ? posix.basename(folder) : PART.exec(posix.basename(path))![1]!;
    const key = tree.key(path);
    parts.push({
      table: await tableOf(tree, path, path, options),
      tree,
      folder,
      path,
      prefix: folder === '' || !about.folders ? '' : `${folder}/`,
      shard: `${posix.basename(path, posix.extname(path))}/`,
      bytes: () => tree.stream(key),
      ...(isSplitName(name) ? { split: name } : {}),
    });
  }
  return manifestDataset(parts, about, options);
}

const folderOf = (file: string): string => (file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : '');

async function tableOf(tree: FileTree, file: string, path: string, options: DatasetOptions): Promise<ManifestTable> {
  const key = tree.key(file);
  const ending = posix.extname(file).toLowerCase();
  const bytes = () => tree.stream(key);
  if (ending === '.jsonl' || ending === '.ndjson') return openJsonl(path, bytes);
  if (ending === '.parquet') return openParquet(path, await tree.random(key));
  if (ending !== '.csv' && ending !== '.tsv' && ending !== '.txt') throw datasetErrors.unknown(path);
  return openCsv({
    path,
    bytes,
    expected: ending === '.tsv' ? '\t' : ',',
    ...(options.delimiter === undefined ? {} : { delimiter: options.delimiter }),
    fits: (header) => hasPath(header, options),
  });
}

const hasPath = (header: readonly string[], { columns }: DatasetOptions): boolean =>
  columns?.path !== undefined
    ? header.includes(columns.path)
    : columnNamed(header, 'path') !== undefined ||
      // Ids name pictures where something is said of them.
      (idAsPath(header) !== undefined && (columns?.label !== undefined || columnNamed(header, 'label') !== undefined));

/** A tree without the folder that holds everything, as archives have it. */
async function unwrapped(tree: FileTree): Promise<{ tree: FileTree; listing: TreeListing }> {
  const listing = await tree.list();
  const tops = new Set(listing.files.map(({ path }) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '')));
  const [top] = tops;
  // One class or one split alone is no wrapping: within one there are further folders, or a manifest.
  const wraps =
    tops.size === 1 &&
    top !== undefined &&
    top !== '' &&
    !isSplitName(top) &&
    !listing.files.some(
      ({ path }) =>
        path.split('/').length === 2 &&
        looksLikePicture(path) &&
        !listing.files.some((one) => isManifestIn(one.path, top)),
    );
  return wraps ? unwrapped(new SubTree(tree, top)) : { tree, listing };
}

const isManifestIn = (path: string, folder: string): boolean =>
  path.startsWith(`${folder}/`) && path.split('/').length === 2 && (MANIFEST.test(path) || /\.json$/i.test(path));

async function cocoFiles(tree: FileTree, files: readonly TreeFile[]): Promise<string[]> {
  const found: string[] = [];
  for (const { path } of files) {
    if (!/\.json$/i.test(path) || path.split('/').length > 3) continue;
    const head = new TextDecoder().decode(await tree.head(tree.key(path), 1 << 16));
    if (/^\s*\{/.test(head) && /"(images|annotations|categories)"\s*:\s*\[/.test(head)) found.push(path);
  }
  return found;
}

/** Manifests at the top (Parquet also in `data`) that name pictures. */
async function usableManifests(
  tree: FileTree,
  files: readonly TreeFile[],
  options: DatasetOptions,
): Promise<TreeFile[]> {
  const found: TreeFile[] = [];
  for (const file of files) {
    if (!MANIFEST.test(file.path) || (file.path.includes('/') && !/^data\/[^/]+\.parquet$/i.test(file.path))) continue;
    try {
      const table = await tableOf(tree, file.path, file.path, options);
      if (hasPath(table.header, options)) found.push(file);
      await table.close();
    } catch (error) {
      // A table of something else, or a broken one, beside folders of pictures: it is not what was asked for.
      if (!isSeewhyError(error)) throw error;
    }
  }
  return found;
}
