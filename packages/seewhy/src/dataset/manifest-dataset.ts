import { createHash } from 'node:crypto';
import { isSeewhyError } from '@seewhy/onnx';
import { cellFlag, cellLabels, cellText, cellValue, withDecimalPoint } from './cell.ts';
import { boxFrom, cellBoxes, cellNumber } from './cell-boxes.ts';
import { type CellObjects, cellObjects } from './cell-objects.ts';
import type { Dataset, DatasetOptions, MaskRegion, MaskSource } from './contract.ts';
import { datasetErrors, problemOf } from './dataset-errors.ts';
import { type DicomFacts, dicomFacts, dicomRows, maybeDicom } from './dicom-rows.ts';
import type { FileTree } from './file-tree.ts';
import { type FoundColumns, findColumns, labelsNamed } from './find-columns.ts';
import type { ManifestRow, ManifestTable } from './manifest-table.ts';
import { PictureIndex, type TableItem, type TableRow } from './picture-index.ts';
import { PicturesElsewhere } from './pictures-elsewhere.ts';

const FOUND_ELSEWHERE =
  'Pictures that do not lie where the manifest says were found by their names in other folders of the data set.';

/** A table, and where it lies. */
export interface ManifestPart {
  readonly table: ManifestTable;
  readonly tree: FileTree;
  /** Folder of the manifest below the tree's root, which its paths start from; '' is the root. */
  readonly folder: string;
  /** As people know the manifest. */
  readonly path: string;
  /** What the ids of its pictures begin with, where a data set has several manifests. */
  readonly prefix?: string;
  /** What the ids of pictures that the manifest itself holds begin with: names in them are unique in it at most. */
  readonly shard?: string;
  /** Split of rows that name none. */
  readonly split?: string;
  /** Its bytes, for the hash. */
  bytes(): AsyncIterable<Uint8Array>;
}

/**
 * A data set that one or several tables list, one row a picture.
 * @throws SeewhyError `MANIFEST_INVALID` when the columns that are needed are not there
 */
export function manifestDataset(
  parts: readonly ManifestPart[],
  about: { readonly path: string; readonly kind?: string; readonly notices?: readonly string[] },
  options: DatasetOptions,
): Dataset {
  const opened = parts.map((part) => new ManifestRows(part, findColumns(part.table.header, part.path, options)));
  const notices = [...(about.notices ?? []), ...parts.flatMap(({ table }) => table.notices)];
  if (opened.some(({ classColumns }) => classColumns) && options.columns?.label === undefined)
    notices.push(
      `Columns named as the model's classes hold the labels: a picture is of a class where its column says 1, true or yes; 0, a negative number (uncertain) and an empty cell beside others say that it is not. --column label=NAME says otherwise.`,
    );
  const unlabelled = (): string[] => {
    const { part } = opened.find(({ labelled }) => !labelled) ?? {};
    return part === undefined
      ? []
      : [
          `No column of ${part.path} holds labels: it has ${part.table.header.slice(0, 12).join(', ')}. --column label=NAME names it, or several with commas where each stands for a class.`,
        ];
  };
  const later: string[] = [];
  const { tree, table } = parts[0]!;
  const { classes, used } = opened[0]!;
  const walk = async function* () {
    for (const rows of opened) yield* rows.walk();
  };
  let index: Promise<PictureIndex> | undefined;
  const indexed = async () => {
    const ids = options.id !== undefined ? 'asked' : used.id === undefined ? 'paths' : 'found';
    const found = await PictureIndex.of(walk, ids, [...new Set(opened.flatMap(({ others }) => others))]);
    if (found.idsNumberBoxes) delete used.id;
    later.push(...found.notices);
    return found;
  };
  return {
    kind: tree.prefix + (about.kind ?? table.kind),
    path: about.path,
    columns: used,
    // Some are known only when the pictures are read.
    get notices() {
      const elsewhere = opened.some((rows) => rows.foundElsewhere) ? [FOUND_ELSEWHERE] : [];
      return [...notices, ...unlabelled(), ...later, ...elsewhere];
    },
    ...(classes ? { classes } : {}),
    otherLabels: labelsNamed(table.header).filter((name) => name !== used.label),
    async *rows() {
      index ??= indexed();
      const read = (await index).reader();
      let count = 0;
      for await (const item of walk()) {
        count++;
        if ('problem' in item) {
          yield item;
          continue;
        }
        const found = await read(item);
        if (found === undefined) continue;
        const facts = 'problem' in found ? undefined : await item.facts();
        if (facts && !('problem' in found)) yield* dicomRows(found, facts);
        else yield found;
      }
      if (count === 0) throw datasetErrors.manifestEmpty(about.path, 'has no rows');
    },
    sha256: async () => {
      if (parts.length === 1) return hashOf(parts[0]!.bytes());
      const hashes: string[] = [];
      for (const part of parts) hashes.push(`${part.path}\0${await hashOf(part.bytes())}`);
      return createHash('sha256').update(hashes.join('\n')).digest('hex');
    },
    close: async () => {
      for (const part of parts) await part.table.close();
      await tree.close();
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

/** A row of a table, and what its file says where it is DICOM. */
interface PlacedRow extends TableRow {
  facts(): Promise<DicomFacts | undefined>;
}

type PlacedItem = PlacedRow | Extract<TableItem, { problem: unknown }>;

/** The rows of one table. */
class ManifestRows {
  readonly part: ManifestPart;
  /** Column by role. */
  readonly used: Record<string, string>;
  private readonly columns: FoundColumns;
  private readonly taken: ReadonlySet<string>;
  private readonly elsewhere: PicturesElsewhere;
  /** Objects of some picture are of no class: they are boxes and no more. */
  private objectsWithoutClass = false;

  constructor(part: ManifestPart, columns: FoundColumns) {
    this.part = part;
    this.columns = columns;
    this.elsewhere = new PicturesElsewhere(part.tree, part.folder);
    this.used = usedColumns(columns);
    const { label, ...single } = this.used;
    // A name may hold a comma itself; several are joined by one.
    this.taken = new Set([
      ...Object.values(single),
      ...(columns.label === undefined ? [] : [columns.label]),
      ...(columns.oneHot ?? []),
      ...(columns.boxColumns?.names ?? []),
    ]);
  }

  get foundElsewhere(): boolean {
    return this.elsewhere.used;
  }

  get labelled(): boolean {
    return this.ownLabels || (this.columns.objects !== undefined && !this.objectsWithoutClass);
  }

  /** One column a class. */
  get classColumns(): boolean {
    return this.columns.oneHot !== undefined;
  }

  get classes(): readonly string[] | undefined {
    const { oneHot, label, objects } = this.columns;
    const named = label ?? objects;
    return oneHot ?? (named === undefined ? undefined : this.part.table.classNames?.get(named));
  }

  /** Whether a column is of labels; else objects may tell them. */
  private get ownLabels(): boolean {
    return this.columns.label !== undefined || this.columns.oneHot !== undefined;
  }

  /** Columns without a role. */
  get others(): readonly string[] {
    return this.part.table.header.filter((name) => !this.taken.has(name));
  }

  async *walk(): AsyncIterable<PlacedItem> {
    for await (const row of this.part.table.rows()) {
      if ('problem' in row) yield row;
      else {
        let item: PlacedItem;
        try {
          item = this.rowOf(row);
        } catch (error) {
          item = (await this.movedRow(row, error)) ?? { problem: problemOf(error, this.whereOf(row)) };
        }
        yield item;
      }
    }
  }

  private whereOf(row: ManifestRow): string {
    const { id, path } = this.columns;
    const name = (id && cellText(row.cells.get(id))) ?? cellText(row.cells.get(path));
    return name === undefined ? `line ${row.line}` : `line ${row.line}: ${name}`;
  }

  /** A row whose path was written on another machine, where its picture lies in this data set. */
  private async movedRow(row: ManifestRow, error: unknown): Promise<PlacedRow | undefined> {
    if (!(isSeewhyError(error) && error.code === 'PATH_OUTSIDE')) return undefined;
    const path = cellText(row.cells.get(this.columns.path));
    const key = path === undefined ? undefined : await this.elsewhere.ofAnotherMachine(path);
    if (key === undefined) return undefined;
    try {
      return this.rowOf(row, key);
    } catch {
      // Its mask leads out, too: then that is what is said.
      return undefined;
    }
  }

  /** @param moved where its picture lies, when that is not where the path says */
  private rowOf(row: ManifestRow, moved?: string): PlacedRow {
    const { tree, folder } = this.part;
    const { columns } = this;
    const { table } = this.part;
    const cell = (name: string | undefined) => (name === undefined ? undefined : row.cells.get(name));
    const embedded = table.embedded?.(row, columns.path);
    const path = embedded ? (embeddedPath(cell(columns.path)) ?? `row ${row.line}`) : cellText(cell(columns.path));
    if (path === undefined) throw datasetErrors.pathEmpty(`line ${row.line}`);
    const key = embedded ? undefined : (moved ?? tree.locate(path, folder));
    const own = columns.id === undefined ? undefined : cellText(cell(columns.id));
    const prefix = (embedded ? this.part.shard : this.part.prefix) ?? '';
    const frame = cellNumber(cell(columns.frame));
    const objects =
      columns.objects === undefined
        ? undefined
        : cellObjects(cell(columns.objects), path, table.classNames?.get(columns.objects));
    if (objects && objects.labels === undefined) this.objectsWithoutClass = true;
    const labels = this.labelsOf(row) ?? (this.ownLabels ? undefined : objects?.labels);
    const mask = this.maskOf(row, path, objects);
    const group = cellText(cell(columns.group));
    const split = cellText(cell(columns.split)) ?? this.part.split;
    return {
      name: prefix + path,
      where: this.whereOf(row),
      cells: row.cells,
      ...(embedded ? { embedded: true } : mask?.kind === 'regions' ? { boxes: mask.regions } : {}),
      ...(own === undefined ? {} : { own }),
      facts: async () => {
        if (key === undefined || !maybeDicom(path)) return undefined;
        const facts = await dicomFacts(tree, key);
        const other = facts ? undefined : await this.elsewhere.keyOf(path, key);
        return other === undefined ? facts : dicomFacts(tree, other);
      },
      row: {
        path,
        line: row.line,
        columns: this.othersOf(row),
        read:
          embedded ?? (() => (moved === undefined ? this.elsewhere.read(path, key!) : this.elsewhere.readMoved(moved))),
        ...(labels === undefined ? {} : { labels }),
        ...(group === undefined ? {} : { group }),
        ...(split === undefined ? {} : { split }),
        ...(mask === undefined ? {} : { mask }),
        ...(frame === undefined ? {} : { frame }),
      },
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
    const names = this.part.table.classNames?.get(label);
    return cellLabels(cells.get(label))?.map((text) =>
      names && /^\d+$/.test(text) ? (names[Number(text)] ?? text) : text,
    );
  }

  private maskOf({ cells }: ManifestRow, where: string, objects: CellObjects | undefined): MaskSource | undefined {
    const { tree, folder } = this.part;
    const { mask, alpha, box, boxColumns } = this.columns;
    if (alpha) return { kind: 'alpha' };
    const paths = mask === undefined ? [] : maskPaths(cells.get(mask));
    const files = paths.map((path) => {
      const key = tree.locate(path, folder);
      return { path, read: () => tree.read(key) };
    });
    if (files.length > 0) return files.length === 1 ? { kind: 'file', ...files[0]! } : { kind: 'files', files };
    const regions: MaskRegion[] = box === undefined ? [] : cellBoxes(cells.get(box), where);
    if (boxColumns) {
      const four = boxColumns.names.map((name) => cellNumber(this.plain(cells.get(name))));
      if (four.every((value) => value !== undefined))
        regions.push({ box: boxFrom(four as [number, number, number, number], boxColumns.corners, where) });
    }
    regions.push(...(objects?.regions ?? []));
    return regions.length > 0 ? { kind: 'regions', regions } : undefined;
  }

  /** A cell whose number, if it is one, has a decimal point. */
  private plain(cell: unknown): unknown {
    return this.part.table.decimalComma ? withDecimalPoint(cell) : cell;
  }

  private othersOf({ cells }: ManifestRow): Record<string, string | number | boolean> {
    const others: [string, string | number | boolean][] = [];
    for (const [name, cell] of cells) {
      if (this.taken.has(name)) continue;
      const value = cellValue(this.plain(cell));
      if (value !== undefined) others.push([name, value]);
    }
    return Object.fromEntries(others);
  }
}

/** The masks of a row: one path, or a list of them where the manifest can hold lists. */
const maskPaths = (cell: unknown): readonly string[] => [
  ...new Set((Array.isArray(cell) ? cell : [cell]).flatMap((one) => cellText(one) ?? [])),
];

/** The name that a picture inside the manifest goes by: Hugging Face's `{ bytes, path }`. */
const embeddedPath = (cell: unknown): string | undefined =>
  cell !== null && typeof cell === 'object' && 'path' in cell ? cellText(cell.path) : undefined;
