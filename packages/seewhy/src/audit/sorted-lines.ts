import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errors, systemCode } from '../errors.ts';
import { linesOf } from './journal.ts';

/** A text with what it is sorted by. */
export interface Keyed {
  readonly key: string;
  readonly text: string;
}

/** Characters that are sorted in memory at once. */
const IN_MEMORY = 16 << 20;

const byKey = (a: Keyed, b: Keyed): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

/**
 * Texts by rising key (code units, equal keys in the order they came), however many there are: parts that fit into memory are sorted and
 * written to files in `folder`, then merged. The files are gone when it ends.
 */
export async function* sortedLines(
  lines: AsyncIterable<Keyed>,
  folder: string,
  inMemory = IN_MEMORY,
): AsyncGenerator<Keyed> {
  const files: string[] = [];
  let part: Keyed[] = [];
  let size = 0;
  const spill = async () => {
    const path = join(folder, `.sort-${process.pid}-${files.length}.part`);
    files.push(path);
    await writePart(path, part.sort(byKey));
    part = [];
    size = 0;
  };
  try {
    for await (const line of lines) {
      part.push(line);
      // 100 bytes: what the objects take besides their texts.
      size += line.text.length + line.key.length + 100;
      if (size > inMemory) await spill();
    }
    if (files.length === 0) {
      yield* part.sort(byKey);
      return;
    }
    if (part.length > 0) await spill();
    yield* merged(files);
  } finally {
    await Promise.all(files.map((path) => rm(path, { force: true })));
  }
}

async function writePart(path: string, part: readonly Keyed[]): Promise<void> {
  const stream = createWriteStream(path);
  const failed = once(stream, 'error').then(([cause]) => {
    throw errors.outputFailed(path, systemCode(cause), cause);
  });
  failed.catch(() => undefined);
  for (const { key, text } of part)
    if (!stream.write(`${JSON.stringify([key, text])}\n`))
      await Promise.race([once(stream, 'drain').catch(() => failed), failed]);
  stream.end();
  await Promise.race([once(stream, 'close').catch(() => failed), failed]);
}

/** Merges sorted files; of equal keys the earlier file's come first. */
async function* merged(files: readonly string[]): AsyncGenerator<Keyed> {
  const readers = files.map((path) => linesOf(path)[Symbol.asyncIterator]());
  const heads: (Keyed | undefined)[] = [];
  const pull = async (at: number) => {
    const { done, value } = await readers[at]!.next();
    if (done) heads[at] = undefined;
    else {
      const [key, text] = JSON.parse(value) as [string, string];
      heads[at] = { key, text };
    }
  };
  for (let at = 0; at < files.length; at++) await pull(at);
  for (;;) {
    let best = -1;
    for (let at = 0; at < heads.length; at++) {
      const head = heads[at];
      if (head && (best < 0 || head.key < heads[best]!.key)) best = at;
    }
    if (best < 0) return;
    yield heads[best]!;
    await pull(best);
  }
}
