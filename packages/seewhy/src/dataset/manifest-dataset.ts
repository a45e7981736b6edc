import { createHash } from 'node:crypto';
import { cellFlag, cellLabels, cellText, cellValue } from './cell.ts';
import { boxFrom, cellBoxes, cellNumber } from './cell-boxes.ts';
import type { Dataset, DatasetItem, DatasetOptions, DatasetRow, MaskRegion, MaskSource } from './contract.ts';
import { datasetErrors, problemOf } from './dataset-errors.ts';
import type { FileTree } from './file-tree.ts';
import { type FoundColumns, findColumns } from './find-columns.ts';
import type { ManifestRow, ManifestTable } from './manifest-table.ts';
import { RowIds } from './row-ids.ts';

export interface ManifestPlace {
  readonly tree: FileTree;
  /** Folder of the manifest below the tree's root; '' is the root. */
  readonly folder: string;
  /** As people know the manifest. */
  readonly path: string;
  /** Its bytes, for the hash. */
  bytes(): AsyncIterable<Uint8Array>;
}

/** A data set that a table lists, one row a picture. */
export function manifestDataset(table: ManifestTable, place: ManifestPlace, options: DatasetOptions): Dataset {
  const columns = findColumns(table.header, place.path, options);
  const used = usedColumns(columns);
  const rows = new ManifestRows(table, place, columns, new Set(Object.values(used).flatMap((name) => name.split(','))));
  const notices = [...table.notices];
  if (columns.label === undefined && columns.oneHot === undefined)
    notices.push(`No column of ${place.path} holds labels: it has ${table.header.slice(0, 12).join(', ')}.`);
  const classes = columns.oneHot ?? (columns.label === undefined ? undefined : table.classNames?.get(columns.label));
  return {
    kind: place.tree.prefix + table.kind,
    path: place.path,
    columns: used,
    notices,
    ...(classes ? { classes } : {}),
    rows: () => rows.walk(),
    sha256: () => hashOf(place.bytes()),
    close: async () => {
      await table.close();
      await place.tree.close();
    },
  };
}

export async function hashOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of bytes) hash.update(piece);
  return hash.digest('hex');
}

function usedColumns(columns: FoundColumns): Record<string, string> {
  const { alpha, boxColumns, oneHot, objects, ...single } = columns;
  return {
    ...(single as Record<string, string>),
    ...(oneHot ? { label: oneHot.join(',') } : {}),
    ...(boxColumns ? { box: boxColumns.names.join(',') } : {}),
    ...(objects ? { objects } : {}),
    ...(alpha ? { mask: 'alpha' } : {}),
  };
}

class ManifestRows {
  private readonly table: ManifestTable;
  private readonly place: ManifestPlace;
  private readonly columns: FoundColumns;
  private readonly used: ReadonlySet<string>;

  constructor(table: ManifestTable, place: ManifestPlace, columns: FoundColumns, used: ReadonlySet<string>) {
    this.table = table;
    this.place = place;
    this.columns = columns;
    this.used = used;
  }

  async *walk(): AsyncIterable<DatasetItem> {
    const ids = new RowIds();
    let count = 0;
    for await (const row of this.table.rows()) {
      count++;
      if ('problem' in row) yield row;
      else {
        try {
          yield this.rowOf(row, ids);
        } catch (error) {
          yield { problem: problemOf(error, this.whereOf(row)) };
        }
      }
    }
    if (count === 0) throw datasetErrors.manifestEmpty(this.place.path, 'has no rows');
  }

  private whereOf(row: ManifestRow): string {
    const { id, path } = this.columns;
    const name = (id && cellText(row.cells.get(id))) ?? cellText(row.cells.get(path));
    return name === undefined ? `line ${row.line}` : `line ${row.line}: ${name}`;
  }

  private rowOf(row: ManifestRow, ids: RowIds): DatasetRow {
    const { tree, folder } = this.place;
    const { columns } = this;
    const cell = (name: string | undefined) => (name === undefined ? undefined : row.cells.get(name));
    const embedded = this.table.embedded?.(row, columns.path);
    const path = embedded ? (embeddedPath(cell(columns.path)) ?? `row ${row.line}`) : cellText(cell(columns.path));
    if (path === undefined) throw datasetErrors.pathEmpty(`line ${row.line}`);
    const key = embedded ? '' : tree.locate(path, folder);
    const own = columns.id === undefined ? undefined : cellText(cell(columns.id));
    if (columns.id !== undefined && own === undefined) throw datasetErrors.idEmpty(`line ${row.line}`);
    const frame = cellNumber(cell(columns.frame));
    const id = own === undefined ? ids.ofPath(frame === undefined ? path : `${path}#${frame}`) : ids.own(own);
    const labels = this.labelsOf(row);
    const mask = this.maskOf(row, path);
    const group = cellText(cell(columns.group));
    const split = cellText(cell(columns.split));
    return {
      id,
      path,
      line: row.line,
      columns: this.others(row),
      read: embedded ?? (() => tree.read(key)),
      ...(labels === undefined ? {} : { labels }),
      ...(group === undefined ? {} : { group }),
      ...(split === undefined ? {} : { split }),
      ...(mask === undefined ? {} : { mask }),
      ...(frame === undefined ? {} : { frame }),
    };
  }

  private labelsOf({ cells }: ManifestRow): string[] | undefined {
    const { label, oneHot } = this.columns;
    if (oneHot) {
      const flags = oneHot.map((name) => cellFlag(cells.get(name)));
      if (flags.every((flag) => flag === undefined)) return undefined;
      return oneHot.filter((_, at) => flags[at] === true);
    }
    if (label === undefined) return undefined;
    const names = this.table.classNames?.get(label);
    return cellLabels(cells.get(label))?.map((text) =>
      names && /^\d+$/.test(text) ? (names[Number(text)] ?? text) : text,
    );
  }

  private maskOf({ cells }: ManifestRow, where: string): MaskSource | undefined {
    const { tree, folder } = this.place;
    const { mask, alpha, box, boxColumns, objects } = this.columns;
    if (alpha) return { kind: 'alpha' };
    const path = mask === undefined ? undefined : cellText(cells.get(mask));
    if (path !== undefined) {
      const key = tree.locate(path, folder);
      return { kind: 'file', path, read: () => tree.read(key) };
    }
    const regions: MaskRegion[] = box === undefined ? [] : cellBoxes(cells.get(box), where);
    if (boxColumns) {
      const four = boxColumns.names.map((name) => cellNumber(cells.get(name)));
      if (four.every((value) => value !== undefined))
        regions.push({ box: boxFrom(four as [number, number, number, number], boxColumns.corners, where) });
    }
    const listed = objects === undefined ? undefined : (cells.get(objects) as { bbox?: unknown } | null | undefined);
    if (listed && typeof listed === 'object' && 'bbox' in listed) regions.push(...cellBoxes(listed.bbox, where));
    return regions.length > 0 ? { kind: 'regions', regions } : undefined;
  }

  private others({ cells }: ManifestRow): Record<string, string | number | boolean> {
    const others: [string, string | number | boolean][] = [];
    for (const [name, cell] of cells) {
      if (this.used.has(name)) continue;
      const value = cellValue(cell);
      if (value !== undefined) others.push([name, value]);
    }
    return Object.fromEntries(others);
  }
}

/** The name that a picture inside the manifest goes by: Hugging Face's `{ bytes, path }`. */
const embeddedPath = (cell: unknown): string | undefined =>
  cell !== null && typeof cell === 'object' && 'path' in cell ? cellText(cell.path) : undefined;
