import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: ['src/index.ts'],
  format: 'esm',
  dts: true,
  // No `node:` module, no DOM: the same file runs in Node, in browsers and in workers.
  platform: 'neutral',
  fixedExtension: false,
});
