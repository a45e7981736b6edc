import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the portable packages must not see, one line each. */
const PLANTED = [
  'export const a = document.title;',
  'export const b = window.innerWidth;',
  'export const c: HTMLImageElement | undefined = undefined;',
  "export const d = Buffer.from('x');",
  'export const e = process.env.HOME;',
  "import { readFileSync } from 'node:fs'; export const f = readFileSync;",
  'export const g = __dirname;',
];
const ALLOWED = [
  'export const h = new TextDecoder().decode(new Uint8Array(2));',
  'export const i = (signal: AbortSignal) => signal.throwIfAborted();',
];

let folder: string;
let output: string;

beforeAll(() => {
  // Inside the tree, so that what `extends` and `types` look up is what the real check looks up.
  folder = mkdtempSync(join(root, 'node_modules', '.seewhy-portable-'));
  for (const [i, line] of [...PLANTED, ...ALLOWED].entries()) writeFileSync(join(folder, `case${i}.ts`), `${line}\n`);
  const config = {
    extends: '../../tsconfig.portable.json',
    include: ['*.ts', '../../tools/check/portable.d.ts'],
    exclude: [],
    compilerOptions: { tsBuildInfoFile: './build.json' },
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  output = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
    encoding: 'utf8',
    cwd: folder,
  }).stdout;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(PLANTED.map((line, i) => ({ line, i })))('refuses $line', ({ i }) => expect(output).toContain(`case${i}.ts(`));

it.each(ALLOWED.map((line, i) => ({ line, i: PLANTED.length + i })))('allows $line', ({ i }) =>
  expect(output).not.toContain(`case${i}.ts(`),
);
