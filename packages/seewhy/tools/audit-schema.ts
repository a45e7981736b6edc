import { spawnSync } from 'node:child_process';
import { auditJsonSchema } from '../src/audit/audit-schema.ts';

/** The text of `schemas/audit-v1.json`, as `npm run generate` writes it: the zod schema in the repository's own format. */
export default function generate(): string {
  const text = `${JSON.stringify(auditJsonSchema(), null, 2)}\n`;
  const done = spawnSync('npx', ['biome', 'format', '--stdin-file-path=audit-v1.json'], {
    input: text,
    encoding: 'utf8',
  });
  return done.status === 0 ? done.stdout : text;
}
