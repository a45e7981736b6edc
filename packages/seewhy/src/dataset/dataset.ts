import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { errors, systemCode } from '../errors.ts';
import { neighbours } from '../sources.ts';
import type { Dataset, DatasetOptions } from './contract.ts';
import { datasetErrors } from './dataset-errors.ts';
import type { FileTree } from './file-tree.ts';
import { FolderTree } from './folder-tree.ts';
import { treeDataset } from './tree-dataset.ts';

export type {
  AuditProblemRow,
  ColumnRole,
  Dataset,
  DatasetItem,
  DatasetOptions,
  DatasetRow,
  MaskRegion,
  MaskSource,
  RowDecodeOptions,
} from './contract.ts';
export { type DecodedRow, decodeRow } from './decode-row.ts';

/**
 * Opens a data set: a folder with a folder a class, a manifest (`.csv`, `.tsv`, `.jsonl`, `.parquet`, a JSON list), Hugging Face's
 * imagefolder, COCO annotations, Pascal VOC, DICOM files, or a zip of any of these. Pictures are not read yet.
 * @throws SeewhyError `DATASET_*`, `MANIFEST_INVALID` when there is nothing to walk; a bad row is a problem of `rows()` instead
 */
export async function openDataset(path: string, options: DatasetOptions = {}): Promise<Dataset> {
  if (options.imageRoot !== undefined) {
    const root = await stat(options.imageRoot).catch(() => undefined);
    if (!root?.isDirectory()) throw datasetErrors.imageRootMissing(options.imageRoot);
  }
  const info = await look(path);
  const tree: FileTree = new FolderTree(info.isDirectory() ? path : dirname(path), options.imageRoot);
  return info.isDirectory()
    ? await treeDataset({ tree, path, options })
    : await treeDataset({ tree, path, options, file: basename(path) });
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
