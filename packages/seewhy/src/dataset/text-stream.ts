import { datasetErrors } from './dataset-errors.ts';

export interface TextStream {
  /** As people call it: `UTF-8`, `UTF-16` … */
  readonly encoding: string;
  readonly text: AsyncIterable<string>;
}

/**
 * Bytes as text, a piece at a time. The encoding is told by the byte order mark, else by the first pieces: UTF-16 has a zero in
 * every other byte of what is mostly Latin text; what is not valid UTF-8 is read as Windows-1252.
 * @throws SeewhyError `MANIFEST_INVALID` for what is no text
 */
export async function textStream(bytes: AsyncIterable<Uint8Array>, path: string): Promise<TextStream> {
  const pieces = bytes[Symbol.asyncIterator]();
  const first = await pieces.next();
  const head: Uint8Array = first.done ? new Uint8Array(0) : first.value;
  const label = encodingOf(head);
  if (label === undefined) {
    await pieces.return?.();
    throw datasetErrors.notText(path);
  }
  return { encoding: NAMES[label]!, text: decode(head, pieces, label) };
}

const NAMES: Readonly<Record<string, string>> = {
  'utf-8': 'UTF-8',
  'utf-16le': 'UTF-16',
  'utf-16be': 'UTF-16',
  'windows-1252': 'Windows-1252',
};

function encodingOf(head: Uint8Array): string | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const sample = head.subarray(0, 1 << 16);
  const zeros = [0, 0];
  for (let i = 0; i < sample.length; i++) if (sample[i] === 0) zeros[i & 1]!++;
  const half = sample.length / 2;
  if (zeros[1]! > half * 0.4 && zeros[0]! < half * 0.1) return 'utf-16le';
  if (zeros[0]! > half * 0.4 && zeros[1]! < half * 0.1) return 'utf-16be';
  // A single NUL may stand in a hostile row; other formats are full of what no text holds.
  const controls = sample.filter((byte) => byte < 9 || (byte > 13 && byte < 32)).length;
  if (controls > sample.length * 0.05 || (sample[0] === 0x50 && sample[1] === 0x4b && sample[2]! < 9)) return undefined;
  try {
    // The sample may end within a character: `stream` forgives that.
    new TextDecoder('utf-8', { fatal: true }).decode(sample, { stream: true });
    return 'utf-8';
  } catch {
    return 'windows-1252';
  }
}

async function* decode(head: Uint8Array, pieces: AsyncIterator<Uint8Array>, label: string): AsyncIterable<string> {
  const decoder = new TextDecoder(label);
  try {
    yield decoder.decode(head, { stream: true });
    for (;;) {
      const piece = await pieces.next();
      if (piece.done) break;
      yield decoder.decode(piece.value, { stream: true });
    }
    const rest = decoder.decode();
    if (rest !== '') yield rest;
  } finally {
    await pieces.return?.();
  }
}
