import { counted } from '@seewhy/report';
import { cellText } from './cell.ts';
import type { AuditProblemRow, DatasetRow, MaskFile, MaskRegion, MaskSource } from './contract.ts';
import { datasetErrors, problemOf } from './dataset-errors.ts';
import { GroupBoxes } from './group-boxes.ts';
import { IdTable, keyOf } from './id-table.ts';
import { LabelSets, NOT_LABELLED } from './label-sets.ts';
import { PathIds, plainPath, withoutEnding } from './path-ids.ts';

/** A row of a table, before rows of one picture have become one. */
export interface TableRow {
  readonly row: Omit<DatasetRow, 'id'>;
  /** What an id is made of where the table has none: the path, below its manifest. */
  readonly name: string;
  /** The id that the table gives. */
  readonly own?: string;
  /** Line and name, for people. */
  readonly where: string;
  /** The picture lies in the table: a path of another row may be the same, and the picture another. */
  readonly embedded?: boolean;
  /** Boxes that are merged with those of other rows of the picture. */
  readonly boxes?: readonly MaskRegion[];
  readonly cells: ReadonlyMap<string, unknown>;
}

export type TableItem = TableRow | { readonly problem: AuditProblemRow };

/** Where ids come from: a column that was asked for, one that was found by its name, or the paths. */
export type IdSource = 'asked' | 'found' | 'paths';

/** What rows of one picture have besides each other: boxes, different labels, different files of masks. */
const BOXES = 1;
const LABELS = 2;
const MASKS = 4;

/**
 * Which rows of tables are of one picture, and which ids there are, found in one walk; in a second one where there are several rows of a
 * picture. Nothing depends on the order of the rows:
 * - rows of one picture that have boxes become one row; its boxes are one mask, its labels those of all
 * - rows of one picture that name different files of masks become one row; what is inside any of them is its mask
 * - rows of one picture without boxes and with different labels become one row with all of them, which is marked as `contradictory`
 * - of rows that say the same, the one with the most filled cells is kept
 * - of several pictures with one id, the one whose path sorts first is kept
 *
 * What is remembered are some 50 bytes a row while it is looked for, and nothing where no picture stands twice.
 */
export class PictureIndex {
  /** What was merged or chosen, in sentences. */
  readonly notices: readonly string[];
  /** Whether the id column was found to number boxes, so that it is not used. */
  readonly idsNumberBoxes: boolean;
  readonly #byOwn: boolean;
  readonly #paths: PathIds | undefined;
  readonly #repeated: Repeated | undefined;

  private constructor(
    byOwn: boolean,
    idsNumberBoxes: boolean,
    paths: PathIds | undefined,
    repeated: Repeated | undefined,
  ) {
    this.#byOwn = byOwn;
    this.idsNumberBoxes = idsNumberBoxes;
    this.#paths = paths;
    this.#repeated = repeated;
    this.notices = [
      ...(idsNumberBoxes
        ? ['The column of ids numbers the boxes, not the pictures: ids are made of the paths. --id says otherwise.']
        : []),
      ...(repeated?.notices ?? []),
    ];
  }

  /**
   * @param walk all rows, from the beginning at each call
   * @param columns further columns: where rows of one picture differ in one, it is of the boxes and left out
   */
  static async of(
    walk: () => AsyncIterable<TableItem>,
    source: IdSource,
    columns: readonly string[],
  ): Promise<PictureIndex> {
    const first = await countRows(walk, source !== 'paths');
    const idsNumberBoxes = source === 'found' && first.boxesUnderOtherIds;
    const byOwn = source !== 'paths' && !idsNumberBoxes;
    const counted = idsNumberBoxes ? await countRows(walk, false) : first;
    const repeated = counted.repeated.size === 0 ? undefined : new Repeated(counted.groups, counted.repeated, columns);
    if (repeated) {
      for await (const item of walk()) if (!('problem' in item)) await repeated.add(item, byOwn);
      repeated.end();
    }
    return new PictureIndex(
      byOwn,
      idsNumberBoxes,
      counted.paths && !counted.paths.simple ? counted.paths : undefined,
      repeated,
    );
  }

  /** What becomes of the rows in one walk: a row of the data set, a problem, or nothing where another row stands for it. */
  reader(): (item: TableRow) => Promise<DatasetRow | { readonly problem: AuditProblemRow } | undefined> {
    const emitted = new Set<number>();
    return async (item) => {
      if (this.#byOwn && item.own === undefined)
        return { problem: problemOf(datasetErrors.idEmpty(`line ${item.row.line}`), item.where) };
      const key = keyTextOf(item, this.#byOwn);
      const id = this.#byOwn ? key : this.#pathId(item);
      const group = this.#repeated?.find(key) ?? -1;
      if (group < 0)
        return { id, ...item.row, columns: this.#repeated?.ofPictures(item.row.columns) ?? item.row.columns };
      return this.#repeated!.read(item, id, group, this.#byOwn, emitted);
    };
  }

  #pathId({ name, row }: TableRow): string {
    const id = this.#paths ? this.#paths.idOf(name) : withoutEnding(plainPath(name));
    return row.frame === undefined ? id : `${id}#${row.frame}`;
  }
}

const pictureOf = ({ name, row }: TableRow): string =>
  row.frame === undefined ? plainPath(name) : `${plainPath(name)}#${row.frame}`;

const keyTextOf = (item: TableRow, byOwn: boolean): string => (byOwn ? item.own! : pictureOf(item));

interface Counted {
  readonly groups: IdTable;
  /** Groups of more than one row. */
  readonly repeated: ReadonlySet<number>;
  /** Where ids are made of them. */
  readonly paths: PathIds | undefined;
  readonly boxesUnderOtherIds: boolean;
}

async function countRows(walk: () => AsyncIterable<TableItem>, byOwn: boolean): Promise<Counted> {
  const groups = new IdTable();
  const repeated = new Set<number>();
  const paths = byOwn ? undefined : new PathIds();
  const pictures = new IdTable();
  const owners: number[] = [];
  let boxesUnderOtherIds = false;
  for await (const item of walk()) {
    if ('problem' in item || (byOwn && item.own === undefined)) continue;
    const before = groups.size;
    const group = groups.add(keyTextOf(item, byOwn));
    if (group < before) repeated.add(group);
    paths?.add(item.name);
    // Pictures are told apart only as long as some may have boxes under several ids.
    if (byOwn && !boxesUnderOtherIds && item.boxes !== undefined) {
      const known = pictures.size;
      const picture = pictures.add(pictureOf(item));
      if (picture === known) owners.push(group);
      else if (owners[picture] !== group) boxesUnderOtherIds = true;
    }
  }
  return { groups, repeated, paths, boxesUnderOtherIds };
}

/** The groups of several rows: what their rows say together. */
class Repeated {
  readonly notices: string[] = [];
  readonly #groups: IdTable;
  readonly #numbers: ReadonlyMap<number, number>;
  readonly #columns: readonly string[];
  /** Columns by group: a hash of the first row's cells, and whether another row has another one. */
  readonly #cells: Uint32Array;
  readonly #differs: Uint8Array;
  readonly #differing = new Set<string>();
  /** Rank of the row that is kept. */
  readonly #best: Float64Array;
  readonly #flags: Uint8Array;
  readonly #rows: Uint32Array;
  readonly #labels: Int32Array;
  /** Where groups are ids: the picture that sorts first. */
  readonly #pictures = new Map<number, string>();
  readonly #boxes: GroupBoxes;
  /** Files of masks by path, and the sets of labels of their rows, where rows name any. */
  readonly #masks = new Map<number, Map<string, { readonly file: MaskFile; readonly sets: Set<number> }>>();
  readonly #sets = new LabelSets();

  constructor(groups: IdTable, repeated: ReadonlySet<number>, columns: readonly string[]) {
    this.#groups = groups;
    this.#numbers = new Map([...repeated].map((group, at) => [group, at]));
    const count = repeated.size;
    this.#columns = columns;
    this.#cells = new Uint32Array(count * columns.length);
    this.#differs = new Uint8Array(count * columns.length);
    this.#best = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
    this.#flags = new Uint8Array(count);
    this.#rows = new Uint32Array(count);
    this.#labels = new Int32Array(count).fill(NOT_LABELLED);
    this.#boxes = new GroupBoxes(count);
  }

  /** Number of a group of several rows by its text; −1 for the others. */
  find(key: string): number {
    return this.#numbers.get(this.#groups.find(key)) ?? -1;
  }

  /** Columns without those of the boxes. */
  ofPictures(columns: DatasetRow['columns']): DatasetRow['columns'] {
    if (this.#differing.size === 0) return columns;
    return Object.fromEntries(Object.entries(columns).filter(([name]) => !this.#differing.has(name)));
  }

  async add(item: TableRow, byOwn: boolean): Promise<void> {
    if (byOwn && item.own === undefined) return;
    const at = this.find(keyTextOf(item, byOwn));
    if (at < 0) return;
    if (byOwn) {
      const picture = pictureOf(item);
      const first = this.#pictures.get(at);
      if (first !== undefined && picture > first) return;
      if (picture !== first) {
        this.#pictures.set(at, picture);
        this.#clear(at);
      }
    }
    const rank = await rankOf(item);
    if (rank < this.#best[at]!) this.#best[at] = rank;
    const set = this.#sets.add(item.row.labels);
    const known = this.#labels[at]!;
    if (set !== NOT_LABELLED && known !== NOT_LABELLED && set !== known) this.#flags[at]! |= LABELS;
    if (known === NOT_LABELLED) this.#labels[at] = set;
    if (item.boxes !== undefined) this.#flags[at]! |= BOXES;
    this.#boxes.add(at, set, item.boxes ?? []);
    this.#addMask(at, set, item.row.mask);
    for (const [column, name] of this.#columns.entries()) {
      const place = at * this.#columns.length + column;
      const cell = keyOf(cellText(item.cells.get(name)) ?? '')[0];
      if (this.#rows[at] === 0) this.#cells[place] = cell;
      else if (this.#cells[place] !== cell) this.#differs[place] = 1;
    }
    this.#rows[at]!++;
  }

  #addMask(at: number, set: number, mask: MaskSource | undefined): void {
    if (mask?.kind !== 'file' && mask?.kind !== 'files') return;
    const files = this.#masks.get(at) ?? new Map();
    this.#masks.set(at, files);
    for (const file of mask.kind === 'file' ? [mask] : mask.files) {
      const known = files.get(file.path) ?? { file, sets: new Set() };
      known.sets.add(set);
      files.set(file.path, known);
    }
    if (files.size > 1) this.#flags[at]! |= MASKS;
  }

  /** The files of a picture's masks, sorted by path; each with its label where all rows that name it have the same one. */
  #maskFiles(at: number): MaskFile[] {
    return [...this.#masks.get(at)!.values()]
      .sort((a, b) => (a.file.path < b.file.path ? -1 : 1))
      .map(({ file: { path, read }, sets }) => {
        const labels = this.#sets.union(sets);
        return { ...(labels?.length === 1 ? { label: labels[0]! } : {}), path, read };
      });
  }

  #clear(at: number): void {
    this.#masks.delete(at);
    this.#best[at] = Number.POSITIVE_INFINITY;
    this.#flags[at] = 0;
    this.#rows[at] = 0;
    this.#labels[at] = NOT_LABELLED;
    this.#differs.fill(0, at * this.#columns.length, (at + 1) * this.#columns.length);
    this.#boxes.clear(at);
  }

  end(): void {
    const none = () => ({ rows: 0, pictures: 0 });
    const counts = { boxes: none(), masks: none(), labels: none() };
    for (let at = 0; at < this.#rows.length; at++) {
      const flags = this.#flags[at]!;
      if (flags === 0 || this.#rows[at]! < 2) continue;
      const kind = (flags & BOXES) !== 0 ? counts.boxes : (flags & MASKS) !== 0 ? counts.masks : counts.labels;
      kind.rows += this.#rows[at]!;
      kind.pictures++;
      if (kind !== counts.labels)
        for (const [column, name] of this.#columns.entries())
          if (this.#differs[at * this.#columns.length + column] === 1) this.#differing.add(name);
    }
    const { boxes, masks, labels } = counts;
    if (boxes.pictures > 0)
      this.notices.push(
        `${counted(boxes.rows, 'row')} with boxes became ${counted(boxes.pictures, 'picture')}: the boxes of a picture are one mask, the labels of its rows its labels.${
          this.#differing.size > 0
            ? ` Columns that differ between them are of the boxes and left out: ${[...this.#differing].sort().join(', ')}.`
            : ''
        }`,
      );
    if (masks.pictures > 0)
      this.notices.push(
        `${counted(masks.rows, 'row')} with different masks became ${counted(masks.pictures, 'picture')}: what is inside any of a picture's masks is its mask, the labels of its rows are its labels where the head takes several.${
          this.#differing.size > 0 && boxes.pictures === 0
            ? ` Columns that differ between them are of the masks and left out: ${[...this.#differing].sort().join(', ')}.`
            : ''
        }`,
      );
    if (labels.pictures > 0)
      this.notices.push(
        `${counted(labels.rows, 'row')} without boxes name ${counted(labels.pictures, 'picture')} with different labels: those of all are its labels where the head takes several.`,
      );
  }

  async read(
    item: TableRow,
    id: string,
    at: number,
    byOwn: boolean,
    emitted: Set<number>,
  ): Promise<DatasetRow | { readonly problem: AuditProblemRow } | undefined> {
    const first = this.#pictures.get(at);
    if (byOwn && first !== pictureOf(item))
      return { problem: problemOf(datasetErrors.idTwice(id, first!), item.where) };
    const flags = this.#flags[at]!;
    if (emitted.has(at) || (await rankOf(item)) !== this.#best[at])
      return flags === 0 ? { problem: problemOf(datasetErrors.rowTwice(item.row.path), item.where) } : undefined;
    emitted.add(at);
    const { labels: _, mask, columns, ...row } = item.row;
    const labels = this.#sets.union(this.#boxes.sets(at));
    const boxes = (flags & BOXES) !== 0;
    const regions = boxes ? this.#boxes.regions(at, this.#sets) : [];
    return {
      id,
      ...row,
      columns: this.ofPictures(columns),
      ...(labels === undefined ? {} : { labels }),
      ...((flags & LABELS) !== 0 && !boxes ? { contradictory: true as const } : {}),
      ...((flags & MASKS) !== 0
        ? { mask: { kind: 'files' as const, files: this.#maskFiles(at) } }
        : mask && mask.kind !== 'regions'
          ? { mask }
          : regions.length > 0
            ? { mask: { kind: 'regions' as const, regions } }
            : mask
              ? { mask }
              : {}),
    };
  }
}

/** Filled cells that are counted. */
const MOST_FILLED = 2 ** 10 - 1;

/**
 * The rank of a row among those of its picture, lowest first: rows with more filled cells, then an order that follows from what the cells
 * hold (and from the picture, where that lies in the table).
 */
async function rankOf({ cells, embedded, row }: TableRow): Promise<number> {
  const filled = [...cells].flatMap(([name, cell]) => {
    const text = cellText(cell);
    return text === undefined ? [] : [[name, text] as const];
  });
  filled.sort(([a], [b]) => (a < b ? -1 : 1));
  // A picture that cannot be read is a problem of its own, later.
  const bytes = embedded ? await row.read().catch(() => new Uint8Array(0)) : new Uint8Array(0);
  const [low, high] = keyOf(`${JSON.stringify(filled)}${Buffer.from(bytes).toString('latin1')}`);
  return (MOST_FILLED - Math.min(MOST_FILLED, filled.length)) * 2 ** 43 + high * 2 ** 11 + (low >>> 21);
}
