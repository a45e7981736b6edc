import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readEvents } from '@seewhy/training';
import { files } from './seewhy.ts';

/** Makes folders below one, by name. */
export const foldersIn = (place: string) => (name: string) => {
  const path = join(place, name);
  mkdirSync(path, { recursive: true });
  return path;
};

/** Records of `folder:` outputs. */
export const records = (path: string) =>
  readFileSync(join(path, 'explanations.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map(
      (line) => JSON.parse(line) as { step: number; tag: string; target: { value: number }; scalars: { norm: number } },
    );

/** `step tag` of every image in a folder's event files. */
export const imagesIn = (path: string) =>
  files(path)
    .filter((name) => name.includes('tfevents'))
    .flatMap((name) => readEvents(readFileSync(join(path, name))).events)
    .flatMap(({ step, values }) => values.filter(({ kind }) => kind === 'image').map(({ tag }) => `${step} ${tag}`));

/** Waits until something holds. */
export async function until(holds: () => boolean, every = 100): Promise<void> {
  const begin = Date.now();
  while (!holds()) {
    if (Date.now() - begin > 240_000) throw new Error('waited for four minutes');
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}
