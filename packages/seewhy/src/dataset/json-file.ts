import { datasetErrors } from './dataset-errors.ts';
import { textStream } from './text-stream.ts';

/** V8 holds no longer text. */
const MOST_CHARACTERS = 500_000_000;

/** A JSON file, whole in memory. @throws SeewhyError `MANIFEST_INVALID`, `DATASET_EMPTY`, `DATASET_TOO_LARGE` */
export async function readJson(path: string, bytes: AsyncIterable<Uint8Array>): Promise<unknown> {
  const { text } = await textStream(bytes, path);
  const pieces: string[] = [];
  let length = 0;
  for await (const piece of text) {
    length += piece.length;
    if (length > MOST_CHARACTERS)
      throw datasetErrors.tooLarge(path, 'is longer than 500 MB', 'Split it, or write one object a line (.jsonl).');
    pieces.push(piece);
  }
  const whole = pieces.join('');
  if (whole.trim() === '') throw datasetErrors.manifestEmpty(path);
  try {
    return JSON.parse(whole);
  } catch (cause) {
    throw datasetErrors.json(path, `is not JSON (${(cause as Error).message.slice(0, 160)})`, cause);
  }
}
