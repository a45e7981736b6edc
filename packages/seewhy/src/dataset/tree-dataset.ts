import { extname } from 'node:path';
import { looksLikePicture } from '../sources.ts';
import type { Dataset, DatasetOptions } from './contract.ts';
import { openCsv } from './csv-table.ts';
import { datasetErrors } from './dataset-errors.ts';
import type { FileTree } from './file-tree.ts';
import { pathColumn } from './find-columns.ts';
import { foldersDataset } from './folders-dataset.ts';
import { openJsonl } from './jsonl-table.ts';
import { manifestDataset } from './manifest-dataset.ts';
import type { ManifestTable } from './manifest-table.ts';

export interface TreeRequest {
  readonly tree: FileTree;
  /** As people know the data set. */
  readonly path: string;
  readonly options: DatasetOptions;
  /** Path of the manifest below the tree's root; without it the tree itself is looked at. */
  readonly file?: string;
}

/** The data set that the files of a tree make, or that one file of it describes. */
export async function treeDataset(request: TreeRequest): Promise<Dataset> {
  const { tree, path, options, file } = request;
  if (file !== undefined) return fileDataset(request, file);
  const listing = await tree.list();
  if (listing.files.length === 0 && listing.refused.length === 0) throw datasetErrors.empty(path);
  const pictures = listing.files.filter((one) => looksLikePicture(one.path));
  return foldersDataset(tree, listing, pictures, options);
}

async function fileDataset({ tree, path, options }: TreeRequest, file: string): Promise<Dataset> {
  const key = tree.key(file);
  const bytes = () => tree.stream(key);
  const table = await tableOf(file, path, bytes, options);
  if (!table) throw datasetErrors.unknown(path);
  const folder = file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : '';
  return manifestDataset(table, { tree, folder, path, bytes }, options);
}

async function tableOf(
  file: string,
  path: string,
  bytes: () => AsyncIterable<Uint8Array>,
  options: DatasetOptions,
): Promise<ManifestTable | undefined> {
  const ending = extname(file).toLowerCase();
  if (ending === '.csv' || ending === '.tsv' || ending === '.txt')
    return openCsv({
      path,
      bytes,
      expected: ending === '.tsv' ? '\t' : ',',
      ...(options.delimiter === undefined ? {} : { delimiter: options.delimiter }),
      fits: (header) =>
        pathColumn(header) !== undefined ||
        (options.columns?.path !== undefined && header.includes(options.columns.path)),
    });
  if (ending === '.jsonl' || ending === '.ndjson') return openJsonl(path, bytes);
  return undefined;
}
