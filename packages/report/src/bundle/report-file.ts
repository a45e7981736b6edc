import { Deflate, deflateSync } from 'fflate';
import { base64Bytes, base64Length } from '../base64.ts';
import { errors } from '../errors.ts';
import type { ReportPart } from '../report-data.ts';
import { CLOSE_BLOCK, openBlock, type PartEntry, type ReportTotals } from './blocks.ts';
import { packMap } from './map-codec.ts';

/** Limits of a report file. */
export interface ReportFileOptions {
  /** Most bytes the file may have (default no limit). Parts that do not fit any more are left out; the page says how many. */
  readonly maxBytes?: number;
}

/** Bytes of pictures and maps in one block, before base64. */
const BLOCK = 1 << 20;
/** Bytes of the report's data in one block, after compression. */
const DATA_BLOCK = 1 << 20;
/** Room that is kept for the last block and the page's end. */
const TAIL = 1024;

const encoder = new TextEncoder();

/**
 * The report as one HTML file: the page, the data, then the parts in the order they come, all compressed. Nothing is held in memory
 * but one block of about a megabyte.
 *
 * @param page the built page (`@seewhy/report/page.html`)
 * @param data what the page shows: JSON only. Arrays and other iterables at its top are written entry by entry.
 * @param parts pictures, maps and masks; the important ones first, because `maxBytes` leaves out what comes last
 * @returns (of the generator) what was written and what was left out
 * @throws SeewhyError `REPORT_PAGE_INVALID`, `REPORT_TOO_LARGE` when the data alone do not fit
 */
export async function* reportFile(
  page: string,
  data: object,
  parts: AsyncIterable<ReportPart>,
  options: ReportFileOptions = {},
): AsyncGenerator<Uint8Array, ReportTotals> {
  const end = /<\/body>\s*<\/html>\s*$/i.exec(page);
  if (!end) throw errors.reportPage();
  const { maxBytes = Number.POSITIVE_INFINITY } = options;
  let bytes = 0;
  const count = (piece: Uint8Array) => {
    bytes += piece.length;
    return piece;
  };
  yield count(encoder.encode(`${page.slice(0, end.index)}\n`));
  for (const block of dataBlocks(data)) {
    if (bytes + block.length + TAIL > maxBytes) throw errors.reportTooLarge(maxBytes, bytes + block.length + TAIL);
    yield count(block);
  }

  const written = { picture: 0, map: 0, mask: 0 };
  const omitted = { picture: 0, map: 0, mask: 0 };
  let block = new PartsBlock();
  for await (const part of parts) {
    const packed = packPart(part);
    if (bytes + block.sizeWith(packed) + TAIL > maxBytes) {
      omitted[part.kind]++;
      continue;
    }
    if (block.size > 0 && block.size + packed.bytes.length > BLOCK) {
      yield count(block.finish());
      block = new PartsBlock();
    }
    block.add(packed);
    written[part.kind]++;
  }
  if (block.size > 0) yield count(block.finish());
  const totals: ReportTotals = { written, omitted, ...(Number.isFinite(maxBytes) ? { maxBytes } : {}) };
  yield count(wrap('end', base64Bytes(deflateSync(encoder.encode(JSON.stringify(totals))))));
  yield count(encoder.encode('</body></html>\n'));
  return totals;
}

function wrap(kind: Parameters<typeof openBlock>[0], ...pieces: Uint8Array[]): Uint8Array {
  return joined([encoder.encode(openBlock(kind)), ...pieces, encoder.encode(CLOSE_BLOCK)]);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/** First line: the data with its lists empty. Then `name TAB entry` for each entry of a list at the top. */
function* lines(data: object): Generator<string> {
  const entries = Object.entries(data) as [string, unknown][];
  yield `${JSON.stringify(Object.fromEntries(entries.map(([name, value]) => [name, isList(value) ? [] : value])))}\n`;
  for (const [name, value] of entries)
    if (isList(value)) for (const entry of value) yield `${name}\t${JSON.stringify(entry)}\n`;
}

const isList = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.iterator in value;

function* dataBlocks(data: object): Generator<Uint8Array> {
  let ready: Uint8Array[] = [];
  let size = 0;
  const deflate = new Deflate({ level: 6 }, (piece) => {
    ready.push(piece);
    size += piece.length;
  });
  let text = '';
  for (const line of lines(data)) {
    text += line;
    if (text.length < 1 << 18) continue;
    deflate.push(encoder.encode(text));
    text = '';
    if (size < DATA_BLOCK) continue;
    yield wrap('data', base64Bytes(joined(ready)));
    ready = [];
    size = 0;
  }
  deflate.push(encoder.encode(text), true);
  yield wrap('data-end', base64Bytes(joined(ready)));
}

interface PackedPart {
  readonly entry: Omit<PartEntry, 'at' | 'size'>;
  readonly bytes: Uint8Array;
}

function packPart(part: ReportPart): PackedPart {
  const { id } = part;
  const side = part.side ? { side: part.side } : {};
  if (part.kind === 'picture') return { entry: { kind: part.kind, id, ...side, type: part.type }, bytes: part.bytes };
  const { kind, width, height } = part;
  const method = part.kind === 'map' ? { method: part.method } : {};
  return { entry: { kind, id, ...side, ...method, width, height }, bytes: packMap(part.data, width, height) };
}

/** One block of parts while it is being filled. */
class PartsBlock {
  size = 0;
  private index: PartEntry[] = [];
  private indexLength = 0;
  private pieces: Uint8Array[] = [];

  /** Most characters the block would have with one part more. */
  sizeWith({ entry, bytes }: PackedPart): number {
    // Deflate never makes a text longer by more than a few bytes in a thousand; 80 for `at`, `size` and punctuation.
    const index = this.indexLength + 3 * JSON.stringify(entry).length + 80;
    return base64Length(index * 1.01 + 64) + base64Length(this.size + bytes.length + 2) + 128;
  }

  add({ entry, bytes }: PackedPart): void {
    const line: PartEntry = { ...entry, at: this.size, size: bytes.length };
    this.index.push(line);
    this.indexLength += 3 * JSON.stringify(line).length;
    this.pieces.push(bytes);
    const padding = (3 - (bytes.length % 3)) % 3;
    if (padding > 0) this.pieces.push(new Uint8Array(padding));
    this.size += bytes.length + padding;
  }

  finish(): Uint8Array {
    const index = base64Bytes(deflateSync(encoder.encode(JSON.stringify(this.index))));
    return wrap('parts', index, encoder.encode('.'), base64Bytes(joined(this.pieces)));
  }
}
