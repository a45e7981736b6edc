import { Readable } from 'node:stream';
import type { CsvError, Options, Parser } from 'csv-parse';
import { datasetErrors, delimiterName, problemOf } from './dataset-errors.ts';
import type { ManifestRow, ManifestTable } from './manifest-table.ts';
import { textStream } from './text-stream.ts';

export interface CsvSource {
  /** As people know it. */
  readonly path: string;
  /** The file from its beginning, at each call. */
  bytes(): AsyncIterable<Uint8Array>;
  /** Separator that was asked for. */
  readonly delimiter?: string;
  /** What the file's ending promises. */
  readonly expected: string;
  /** Whether a header has what is needed: tells the right separator from a wrong one. */
  fits(header: readonly string[]): boolean;
}

const DELIMITERS = [',', ';', '\t', '|'];
const SNIFFED = 1 << 16;
/** Longest row, in characters: an opening quote that is never closed must not swallow a gigabyte. */
const LONGEST_ROW = 1 << 22;

/**
 * A `.csv` or `.tsv` manifest (RFC 4180): quoted cells may hold separators and line ends, the encoding is found
 * ({@link textStream}), and so is the separator, of comma, semicolon, tab and bar.
 * @throws SeewhyError `DATASET_EMPTY`, `MANIFEST_INVALID` (wrong separator, no text)
 */
export async function openCsv(source: CsvSource): Promise<ManifestTable> {
  const csv = await import('csv-parse');
  const sniffed = await sniff(source);
  const skipped = /^sep=(.)\r?\n/i.exec(sniffed.text);
  const headers = new Map<string, string[]>();
  const headerOf = (delimiter: string): Promise<string[]> => {
    const known = headers.get(delimiter);
    return known
      ? Promise.resolve(known)
      : firstRecord(csv.Parser, sniffed.text, { delimiter, from_line: skipped ? 2 : 1 });
  };
  for (const delimiter of DELIMITERS) headers.set(delimiter, await headerOf(delimiter));
  if (headers.get(',')!.every((cell) => cell.trim() === '')) throw datasetErrors.manifestEmpty(source.path);

  // Most cells first; a comma where all are alike, so that a manifest of one column is read too.
  const fitting = DELIMITERS.filter((delimiter) => source.fits(headers.get(delimiter)!)).sort(
    (a, b) =>
      headers.get(b)!.length - headers.get(a)!.length || (a === source.expected ? -1 : b === source.expected ? 1 : 0),
  );
  const asked = source.delimiter ?? skipped?.[1];
  if (asked !== undefined && fitting.length > 0 && !fitting.includes(asked) && !source.fits(await headerOf(asked)))
    throw datasetErrors.delimiter(source.path, asked, fitting[0]!);
  const delimiter = asked ?? fitting[0] ?? mostCells(headers);
  const { header, renamed } = unique(await headerOf(delimiter));

  const notices: string[] = [];
  if (sniffed.encoding !== 'UTF-8') notices.push(`${source.path} was read as ${sniffed.encoding}.`);
  if (delimiter !== source.expected && asked === undefined)
    notices.push(`The cells of ${source.path} are separated by ${delimiterName(delimiter)}.`);
  if (renamed.length > 0)
    notices.push(`${source.path} has columns of the same name: ${renamed.join(', ')} are further ones.`);

  return {
    kind: 'csv',
    header,
    notices,
    decimalComma: delimiter === ';',
    close: async () => {},
    async *rows() {
      const { text } = await textStream(source.bytes(), source.path);
      const parser = new csv.Parser({ ...OPTIONS, delimiter, from_line: skipped ? 2 : 1 });
      const input = Readable.from(text);
      input.on('error', (error) => parser.destroy(error));
      input.pipe(parser);
      let last = 1;
      let isHeader = true;
      try {
        for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
          // csv-parse counts the lines read when the record is complete: that is the line it ends on.
          const line = last;
          last = info.lines + 1;
          if (isHeader) {
            isHeader = false;
            continue;
          }
          yield rowOf(record, header, line);
        }
      } catch (cause) {
        if (!isCsvError(cause)) throw cause;
        const detail =
          cause.code === 'CSV_QUOTE_NOT_CLOSED' || cause.code === 'CSV_MAX_RECORD_SIZE'
            ? 'opens a quote that is not closed; the rest of the file was not read'
            : `is not valid CSV (${cause.message}); the rest of the file was not read`;
        yield { problem: problemOf(datasetErrors.row(`line ${last}`, detail), `line ${last}`) };
      } finally {
        input.destroy();
        parser.destroy();
      }
    },
  };
}

const OPTIONS: Options = {
  relax_column_count: true,
  relax_quotes: true,
  skip_empty_lines: true,
  trim: true,
  info: true,
  max_record_size: LONGEST_ROW,
};

function rowOf(
  record: readonly string[],
  header: readonly string[],
  line: number,
): ManifestRow | { problem: ReturnType<typeof problemOf> } {
  const surplus = record.slice(header.length).some((cell) => cell !== '');
  if (record.length < header.length || surplus) {
    const error = datasetErrors.row(`line ${line}`, `has ${record.length} cells, the header ${header.length}`);
    return { problem: problemOf(error, `line ${line}`) };
  }
  return { line, cells: new Map(header.map((name, at) => [name, record[at]])) };
}

async function sniff(source: CsvSource): Promise<{ text: string; encoding: string }> {
  const { text, encoding } = await textStream(source.bytes(), source.path);
  let start = '';
  for await (const piece of text) {
    start += piece;
    if (start.length >= SNIFFED) break;
  }
  if (start.trim() === '') throw datasetErrors.manifestEmpty(source.path);
  return { text: start, encoding };
}

/** The first record of a text, which may break off later. */
async function firstRecord(Csv: typeof Parser, text: string, options: Options): Promise<string[]> {
  const parser = new Csv({ ...OPTIONS, ...options, to: 1 });
  // Cut off in the middle of a quoted cell is no concern of the header.
  parser.on('error', () => {});
  parser.end(text);
  try {
    for await (const { record } of parser as AsyncIterable<{ record: string[] }>) return record;
  } catch (cause) {
    if (!isCsvError(cause)) throw cause;
  }
  return [];
}

const mostCells = (headers: ReadonlyMap<string, readonly string[]>): string =>
  [...headers].reduce((best, next) => (next[1].length > best[1].length ? next : best))[0];

const isCsvError = (cause: unknown): cause is CsvError =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string' && cause.code.startsWith('CSV_');

/** Names that stand twice get a number, so that no cell is lost. */
function unique(header: readonly string[]): { header: string[]; renamed: string[] } {
  const seen = new Set<string>();
  const renamed: string[] = [];
  const names = header.map((name, at) => {
    const wanted = name || `column ${at + 1}`;
    let free = wanted;
    for (let i = 2; seen.has(free); i++) free = `${wanted} (${i})`;
    if (free !== wanted) renamed.push(`'${free}'`);
    seen.add(free);
    return free;
  });
  return { header: names, renamed };
}
