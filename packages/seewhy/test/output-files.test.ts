import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { OutputFiles } from '../src/output-files.ts';

it('pictures of one stem are numbered in their order, also where the first name is taken by an earlier run', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'seewhy-output-files-'));
  writeFileSync(join(folder, 'x.png'), 'earlier');
  const files = new OutputFiles({ kind: 'folder', folder }, false);
  const pictures = ['first', 'second', 'third'];
  const written = pictures.map((text) =>
    files.write('x', [[{ key: 'overlay', suffix: '.png', bytes: () => Buffer.from(text) }]]),
  );
  const paths = (await Promise.all(written)).map(([group]) => group!.overlay!);
  expect(paths).toEqual(['x-2.png', 'x-3.png', 'x-4.png'].map((name) => join(folder, name)));
  expect(paths.map((path) => readFileSync(path, 'utf8'))).toEqual(pictures);
  expect(readFileSync(join(folder, 'x.png'), 'utf8')).toBe('earlier');
  expect(readdirSync(folder)).toHaveLength(4);
});
