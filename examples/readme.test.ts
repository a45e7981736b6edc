import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const text = (path: string) => readFileSync(join(root, path), 'utf8');

/** Code in the README stands in a file of examples/, which is type-checked and run. */
const blocks = [...text('README.md').matchAll(/<!-- (examples\/\S+) -->\n```ts\n([\s\S]*?)```/g)];

it('has examples', () => expect(blocks.length).toBeGreaterThan(0));

it.each(blocks.map(([, file, code]) => ({ file: file!, code: code! })))('README quotes $file', ({ file, code }) => {
  expect(text(file)).toContain(code.trimEnd());
});
