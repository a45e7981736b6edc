import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import * as api from '../src/index.ts';
import { noise, runBytes } from './ort.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test('the example in the README runs', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'seewhy-onnx-'));
  try {
    const model = fileURLToPath(new URL('../../../fixtures/models/tiny-opset9.onnx', import.meta.url));
    copyFileSync(model, join(folder, 'model.onnx'));
    const [, example] = /```ts\n([\s\S]*?)```/.exec(readme)!;
    const source = JSON.stringify(fileURLToPath(new URL('../src/index.ts', import.meta.url)));
    writeFileSync(
      join(folder, 'vitest.config.mjs'),
      `export default { resolve: { alias: { '@seewhy/onnx': ${source} } } };`,
    );
    writeFileSync(join(folder, 'example.test.ts'), `${example}\n(await import('vitest')).test('ran', () => {});`);
    const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url));
    const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url));
    execFileSync('ln', ['-s', modules, join(folder, 'node_modules')]);
    const talk = execFileSync(process.execPath, [vitest, 'run', '--root', folder], { cwd: folder, encoding: 'utf8' });
    expect(talk).toContain('feed image float32');
    const results = await runBytes(new Uint8Array(readFileSync(join(folder, 'model-with-more.onnx'))), {
      image: noise([2, 3, 32, 32]),
    });
    expect(Object.keys(results)).toEqual(['output', expect.any(String), 'largest']);
    const logits = Object.values(results)[1]!.numbers();
    expect(results.largest!.numbers()).toEqual([Math.max(...logits.slice(0, 5)), Math.max(...logits.slice(5))]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('every function the README names exists', () => {
  const names = [...readme.matchAll(/`([a-z]\w+)(?:\([^`]*\))?`/g)].map((match) => match[1]!);
  const other = new Set(['bytes', 'code', 'onnx', 'readModelFile', 'seewhy', 'externalData']);
  for (const name of names) if (!other.has(name)) expect(Object.keys(api)).toContain(name);
});
