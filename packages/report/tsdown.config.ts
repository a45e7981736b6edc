import { defineConfig } from 'tsdown';
import { build } from 'vite';
import page from './vite.config.ts';

export default defineConfig({
  entry: ['src/index.ts'],
  format: 'esm',
  dts: true,
  platform: 'neutral',
  fixedExtension: false,
  // The page is one file beside the code: dist/page.html.
  hooks: { 'build:done': async () => void (await build(page)) },
});
