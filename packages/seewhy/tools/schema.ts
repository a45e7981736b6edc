import { spawnSync } from 'node:child_process';
import { jsonSchema } from '../src/schema.ts';

/** The text of `schemas/explanation-v1.json`, as `npm run generate` writes it: the zod schema in the repository's own format. */
export default function generate(): string {
  const text = `${JSON.stringify(jsonSchema(), null, 2)}\n`;
  const done = spawnSync('npx', ['biome', 'format', '--stdin-file-path=explanation-v1.json'], {
    input: text,
    encoding: 'utf8',
  });
  return done.status === 0 ? done.stdout : text;
}
