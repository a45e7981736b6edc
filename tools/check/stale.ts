import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Scripts that write a committed file, or a part of one, from the code. Each default-exports
 * `(current: string) => string | Promise<string>`: the file's text now in, the text as it should be out.
 * `npm run generate` writes them; this check fails when one would change.
 */
const GENERATORS: readonly { writes: string; by: string }[] = [
  // The tables of rules, methods and architectures, between `<!-- generated: NAME -->` and `<!-- end -->`.
  { writes: 'FEATURES.md', by: 'tools/features/generate.ts' },
  // The JSON that `seewhy explain` writes.
  { writes: 'packages/seewhy/schemas/explanation-v1.json', by: 'packages/seewhy/tools/schema.ts' },
  // The run.json of an audit.
  { writes: 'packages/seewhy/schemas/audit-v1.json', by: 'packages/seewhy/tools/audit-schema.ts' },
];

type Generator = (current: string) => string | Promise<string>;

/** The generated files that are out of date, with what they should be. */
async function staleFiles(): Promise<{ file: string; text: string; by: string }[]> {
  const stale = [];
  for (const { writes, by } of GENERATORS) {
    const file = join(root, writes);
    if (!existsSync(join(root, by))) {
      if (existsSync(file)) throw new Error(`${writes} is there, but its generator ${by} is not`);
      continue;
    }
    const { default: generate } = (await import(join(root, by))) as { default: Generator };
    const current = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const text = await generate(current);
    if (text !== current) stale.push({ file: writes, text, by });
  }
  return stale;
}

const stale = await staleFiles();
if (process.argv.includes('--write')) {
  for (const { file, text } of stale) {
    writeFileSync(join(root, file), text);
    console.log(`wrote ${file}`);
  }
} else if (stale.length > 0) {
  for (const { file, by } of stale) console.error(`${file} is stale: run \`npm run generate\` (${by}) and commit it.`);
  process.exitCode = 1;
}
