import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { gradientOfThirdScore } from '../../../examples/gradient.ts';

const text = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

it('the example of the README is examples/gradient.ts, and does what it says', async () => {
  expect(text('../README.md')).toContain(text('../../../examples/gradient.ts').trimEnd());
  expect(await gradientOfThirdScore()).toEqual([3, -1]);
});
