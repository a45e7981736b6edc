import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { errors, systemCode } from '../errors.ts';
import { neighbours } from '../sources.ts';
import type { Dataset, DatasetOptions } from './contract.ts';
import { datasetErrors } from './dataset-errors.ts';
import { FolderTree } from './folder-tree.ts';
import { describedYolo, fileDataset, treeDataset } from './tree-dataset.ts';
import { ZipTree } from './zip-tree.ts';

export type {
  AuditProblemRow,
  ColumnRole,
  Dataset,
  DatasetOptions,
  DatasetRow,
  MaskSource,
} from './contract.ts';
export { decodeRow } from './decode-row.ts';

/**
 * Opens a data set: a folder with a folder a class, a manifest (`.csv`, `.tsv`, `.jsonl`, `.parquet`, a JSON list), Hugging Face's
 * imagefolder, COCO annotations, Pascal VOC, YOLO labels, DICOM files, or a zip of any of these. Pictures are not read yet.
 * @throws SeewhyError `DATASET_*`, `MANIFEST_INVALID` when there is nothing to walk; a bad row is a problem of `rows()` instead
 */
export async function openDataset(path: string, options: DatasetOptions = {}): Promise<Dataset> {
  if (options.imageRoot !== undefined) {
    const root = await stat(options.imageRoot).catch(() => undefined);
    if (!root?.isDirectory()) throw datasetErrors.imageRootMissing(options.imageRoot);
  }
  const info = await look(path);
  if (info.isDirectory()) return treeDataset(new FolderTree(path, options.imageRoot), path, options);
  if (!info.isFile()) throw errors.file(path, 'is not a regular file', 'Give a folder, a manifest or a zip.');
  const tree = new FolderTree(dirname(path), options.imageRoot, path);
  const key = tree.key(basename(path));
  const head = await tree.head(key, 4);
  if (head[0] === 0x50 && head[1] === 0x4b && head[2]! < 9) {
    if (options.imageRoot !== undefined) throw datasetErrors.imageRootOfZip();
    const zip = await ZipTree.open(path, await tree.random(key));
    try {
      return await treeDataset(zip, path, options);
    } catch (error) {
      await zip.close();
      throw error;
    }
  }
  if (/\.ya?ml$/i.test(path)) {
    const text = new TextDecoder().decode(await tree.read(key));
    return describedYolo(new FolderTree(options.imageRoot ?? dirname(path)), path, text, options);
  }
  // Annotations lie in a folder of their own, beside that of the pictures.
  const file = resolve(path);
  if (/\.json$/i.test(file) && basename(dirname(file)).toLowerCase() === 'annotations')
    return fileDataset(
      new FolderTree(dirname(dirname(file)), options.imageRoot, file),
      `${basename(dirname(file))}/${basename(file)}`,
      path,
      options,
    );
  return fileDataset(tree, basename(path), path, options);
}

async function look(path: string) {
  try {
    return await stat(path);
  } catch (cause) {
    const code = systemCode(cause);
    if (code === 'EACCES') throw errors.file(path, 'may not be read', 'Change its permissions.', cause);
    throw datasetErrors.missing(path, await neighbours(path));
  }
}
