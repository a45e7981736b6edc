import { datasetErrors, problemOf } from './dataset-errors.ts';
import { jsonCells } from './json-cells.ts';
import type { ManifestTable } from './manifest-table.ts';

/** A `.json` manifest: a list of objects, one a picture. @throws SeewhyError `MANIFEST_INVALID`, `DATASET_EMPTY` */
export function jsonTable(value: unknown, path: string): ManifestTable {
  if (!Array.isArray(value)) throw datasetErrors.json(path, 'is neither COCO annotations nor a list of rows');
  if (value.length === 0) throw datasetErrors.manifestEmpty(path, 'has no rows');
  const list: readonly unknown[] = value;
  const header = new Set(list.slice(0, 200).flatMap((row) => [...(jsonCells(row)?.keys() ?? [])]));
  return {
    kind: 'json',
    header: [...header],
    notices: [],
    close: async () => {},
    async *rows() {
      for (const [at, row] of list.entries()) {
        const cells = jsonCells(row);
        const where = `row ${at + 1}`;
        yield cells
          ? { line: at + 1, cells }
          : { problem: problemOf(datasetErrors.row(where, 'is not a JSON object'), where) };
      }
    },
  };
}
