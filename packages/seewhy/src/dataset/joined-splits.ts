import { createHash } from 'node:crypto';
import type { Dataset, DatasetItem } from './contract.ts';

/** A part of a data set, complete in itself, and the folder that is named after its split. */
export interface SplitPart {
  readonly split: string;
  readonly dataset: Dataset;
}

/** Parts that each have a folder and annotations of their own as one data set: ids and paths begin with the folder, rows are of its split. */
export function joinedSplits(path: string, parts: readonly SplitPart[]): Dataset {
  const datasets = parts.map(({ dataset }) => dataset);
  const classes = [...new Set(datasets.flatMap((dataset) => dataset.classes ?? []))];
  return {
    kind: datasets[0]!.kind,
    path,
    columns: datasets[0]!.columns,
    get notices() {
      return [...new Set(datasets.flatMap(({ notices }) => notices))];
    },
    ...(classes.length > 0 ? { classes } : {}),
    async *rows() {
      for (const { split, dataset } of parts) for await (const item of dataset.rows()) yield inSplit(item, split);
    },
    async sha256() {
      const hash = createHash('sha256');
      for (const { split, dataset } of parts) hash.update(`${split}\0${await dataset.sha256()}\n`);
      return hash.digest('hex');
    },
    async close() {
      for (const dataset of datasets) await dataset.close();
    },
  };
}

function inSplit(item: DatasetItem, split: string): DatasetItem {
  if ('problem' in item) return { problem: { ...item.problem, where: `${split}/${item.problem.where}` } };
  return { ...item, id: `${split}/${item.id}`, path: `${split}/${item.path}`, split: item.split ?? split };
}
