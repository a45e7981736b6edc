import { datasetErrors, problemOf } from './dataset-errors.ts';
import { jsonCells } from './json-cells.ts';
import type { ManifestRow, ManifestTable } from './manifest-table.ts';
import { textStream } from './text-stream.ts';

/** Rows whose keys make the header: keys may be missing in any one of them. */
const LOOKED_AT = 200;
const LONGEST_LINE = 1 << 24;

/**
 * A `.jsonl` manifest: one JSON object a line, or one path as a JSON text. Lines that are neither are problems.
 * @throws SeewhyError `DATASET_EMPTY`, `MANIFEST_INVALID` when no line of the first hundreds is an object
 */
export async function openJsonl(path: string, bytes: () => AsyncIterable<Uint8Array>): Promise<ManifestTable> {
  const rows = async function* () {
    const { text } = await textStream(bytes(), path);
    for await (const { line, number } of lines(text)) {
      if (line.trim() !== '') yield rowOf(line, number);
    }
  };
  const header = new Set<string>();
  let seen = 0;
  let problem: string | undefined;
  for await (const row of rows()) {
    if ('problem' in row) problem ??= `${row.problem.where}: ${row.problem.what}`;
    else for (const name of row.cells.keys()) header.add(name);
    if (++seen >= LOOKED_AT) break;
  }
  if (seen === 0) throw datasetErrors.manifestEmpty(path);
  if (header.size === 0) throw datasetErrors.json(path, `is not JSON, one object a line (${problem})`);
  const { encoding } = await textStream(bytes(), path);
  return {
    kind: 'jsonl',
    header: [...header],
    notices: encoding === 'UTF-8' ? [] : [`${path} was read as ${encoding}.`],
    rows,
    close: async () => {},
  };
}

function rowOf(line: string, number: number): ManifestRow | { problem: ReturnType<typeof problemOf> } {
  const where = `line ${number}`;
  const problem = (detail: string) => ({ problem: problemOf(datasetErrors.row(where, detail), where) });
  if (line.length > LONGEST_LINE) return problem('is longer than 16 MiB');
  try {
    const cells = jsonCells(JSON.parse(line));
    return cells ? { line: number, cells } : problem('is not a JSON object');
  } catch (cause) {
    return problem(`is not JSON (${(cause as Error).message.slice(0, 120)})`);
  }
}

/** Lines of a text that comes in pieces. Of one longer than allowed no more than that is kept. */
async function* lines(pieces: AsyncIterable<string>): AsyncIterable<{ line: string; number: number }> {
  let rest = '';
  let number = 1;
  for await (const piece of pieces) {
    let from = 0;
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', from)) {
      yield { line: rest + piece.slice(from, end), number: number++ };
      rest = '';
      from = end + 1;
    }
    if (rest.length <= LONGEST_LINE) rest += piece.slice(from);
  }
  if (rest !== '') yield { line: rest, number };
}
