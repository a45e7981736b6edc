import type { FileMetaData, SchemaElement } from 'hyparquet';
import { cellText } from './cell.ts';
import { CATEGORY_KEYS } from './cell-objects.ts';
import { datasetErrors, problemOf } from './dataset-errors.ts';
import type { RandomAccess } from './file-tree.ts';
import type { ManifestRow, ManifestTable } from './manifest-table.ts';

/** Rows that are decoded at once. */
const ROWS = 1 << 14;
/** Pictures that are decoded at once: they follow one another. */
const PICTURES = 32;
const MOST_COLUMNS = 10_000;

/**
 * A `.parquet` manifest. Pictures inside it, as Hugging Face stores them (`{ bytes, path }`) or as plain bytes, are left out of the walk
 * and read when they are asked for.
 * @throws SeewhyError `MANIFEST_INVALID`, `DATASET_EMPTY`
 */
export async function openParquet(path: string, file: RandomAccess): Promise<ManifestTable> {
  const [parquet, { compressors }] = await Promise.all([import('hyparquet'), import('hyparquet-compressors')]);
  const buffer = {
    byteLength: file.size,
    slice: async (start: number, end = file.size) => exactBuffer(await file.slice(start, Math.min(end, file.size))),
  };
  const damaged = (cause: unknown) =>
    datasetErrors.manifest(
      path,
      `is damaged or no Parquet file (${String((cause as Error)?.message ?? cause).slice(0, 160)})`,
      'Write it again.',
    );
  let metadata: FileMetaData;
  try {
    metadata = await parquet.parquetMetadataAsync(buffer);
    if (metadata.schema.length > MOST_COLUMNS) throw new Error(`${metadata.schema.length} columns`);
  } catch (cause) {
    await file.close();
    throw damaged(cause);
  }
  const count = Number(metadata.num_rows);
  if (count === 0) {
    await file.close();
    throw datasetErrors.manifestEmpty(path, 'has no rows');
  }
  const { light, binary } = withoutBytes(metadata);
  const header = topLevel(metadata).map(({ element }) => element.name);
  const base = { file: buffer, compressors, utf8: false } as const;

  const blocks = new Map<string, Promise<Record<string, unknown>[]>>();
  const block = (column: string, number: number): Promise<Record<string, unknown>[]> => {
    const key = `${number} ${column}`;
    let found = blocks.get(key);
    if (!found) {
      const rowStart = number * PICTURES;
      found = parquet.parquetReadObjects({
        ...base,
        metadata,
        columns: [column],
        rowStart,
        rowEnd: Math.min(count, rowStart + PICTURES),
      });
      blocks.set(key, found);
      if (blocks.size > 3) blocks.delete(blocks.keys().next().value!);
    }
    return found;
  };

  return {
    kind: 'parquet',
    header,
    notices: [],
    classNames: classNames(metadata),
    close: () => file.close(),
    embedded: ({ line, cells }, column) => {
      if (!binary.has(column)) return undefined;
      const cell = cells.get(column);
      // Hugging Face may leave the bytes empty and name a file instead: that is known only when the row is read.
      const at = line - 1;
      return async () => {
        let value: unknown;
        try {
          value = (await block(column, Math.floor(at / PICTURES)))[at % PICTURES]?.[column];
        } catch (cause) {
          throw damaged(cause);
        }
        const bytes = value !== null && typeof value === 'object' && 'bytes' in value ? value.bytes : value;
        if (bytes instanceof Uint8Array && bytes.length > 0) return bytes;
        throw datasetErrors.pictureMissing(cellText((cell as { path?: unknown } | undefined)?.path) ?? `row ${line}`);
      };
    },
    async *rows() {
      for (let rowStart = 0; rowStart < count; rowStart += ROWS) {
        const rowEnd = Math.min(count, rowStart + ROWS);
        let rows: Record<string, unknown>[];
        try {
          rows = await parquet.parquetReadObjects({ ...base, metadata: light, rowStart, rowEnd });
        } catch (cause) {
          const where = `rows ${rowStart + 1} to ${rowEnd}`;
          const detail = `cannot be read (${String((cause as Error)?.message ?? cause).slice(0, 160)})`;
          yield { problem: problemOf(datasetErrors.row(where, detail), where) };
          continue;
        }
        for (const [at, row] of rows.entries()) {
          const parsed: ManifestRow = { line: rowStart + at + 1, cells: new Map(Object.entries(row)) };
          yield parsed;
        }
      }
    },
  };
}

function exactBuffer(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes;
  return byteOffset === 0 && byteLength === buffer.byteLength
    ? (buffer as ArrayBuffer)
    : (buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
}

interface TopLevel {
  readonly element: SchemaElement;
  /** Its place in the flat schema, and one past its last descendant. */
  readonly from: number;
  readonly to: number;
}

function topLevel({ schema }: FileMetaData): TopLevel[] {
  const end = (at: number): number => {
    let next = at + 1;
    for (let i = 0; i < (schema[at]?.num_children ?? 0) && next < schema.length; i++) next = end(next);
    return next;
  };
  const found: TopLevel[] = [];
  for (let at = 1; at < schema.length; at = end(at)) found.push({ element: schema[at]!, from: at, to: end(at) });
  return found;
}

const isBytes = ({ type, converted_type, logical_type }: SchemaElement): boolean =>
  type === 'BYTE_ARRAY' && converted_type === undefined && logical_type === undefined;

/** The same file as if its columns of bytes were not there, and the names of the columns that hold them. */
function withoutBytes(metadata: FileMetaData): { light: FileMetaData; binary: ReadonlySet<string> } {
  const binary = new Set<string>();
  const dropped = new Set<string>();
  const schema = metadata.schema.map((element) => ({ ...element }));
  const gone = new Set<number>();
  for (const { element, from, to } of topLevel(metadata)) {
    if (to === from + 1) {
      if (!isBytes(element)) continue;
      binary.add(element.name);
      dropped.add(element.name);
      gone.add(from);
      schema[0]!.num_children = (schema[0]!.num_children ?? 0) - 1;
      continue;
    }
    for (let at = from + 1; at < to; at++) {
      const child = metadata.schema[at]!;
      if (child.name !== 'bytes' || !isBytes(child)) continue;
      binary.add(element.name);
      dropped.add(`${element.name}.bytes`);
      gone.add(at);
      schema[from]!.num_children = (schema[from]!.num_children ?? 0) - 1;
    }
  }
  const light: FileMetaData = {
    ...metadata,
    schema: schema.filter((_, at) => !gone.has(at)),
    row_groups: metadata.row_groups.map((group) => ({
      ...group,
      columns: group.columns.filter((column) => !dropped.has(column.meta_data?.path_in_schema.join('.') ?? '')),
    })),
  };
  return { light, binary };
}

/** The names of a class, a list of them, or the class of objects: `{ names }`, `{ feature: … }`, `[…]`, `{ bbox: …, category: … }`. */
function namesIn(feature: unknown): readonly string[] | undefined {
  if (feature === null || typeof feature !== 'object') return undefined;
  if (Array.isArray(feature)) return namesIn(feature[0]);
  const { names, feature: inner, ...fields } = feature as Record<string, unknown>;
  if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
  return namesIn(inner) ?? namesIn(CATEGORY_KEYS.map((key) => fields[key]).find(Boolean));
}

/** Names of the classes by column, out of the note that Hugging Face's `datasets` leaves in its files. */
function classNames({ key_value_metadata }: FileMetaData): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const note = key_value_metadata?.find(({ key }) => key === 'huggingface')?.value;
  if (note === undefined) return found;
  try {
    const features: unknown = JSON.parse(note)?.info?.features ?? {};
    for (const [column, feature] of Object.entries(features as Record<string, unknown>)) {
      const names = namesIn(feature);
      if (names) found.set(column, names);
    }
  } catch {
    // Another program's note of the same name: numbers stay numbers.
  }
  return found;
}
