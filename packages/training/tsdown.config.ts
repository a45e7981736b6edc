import { defineConfig } from 'tsdown';

export default defineConfig({
  // Apart from node.ts and folders.ts, which touch files, all of it also runs in browsers and in workers.
  entry: ['src/index.ts', 'src/tfjs.ts', 'src/node.ts', 'src/folders.ts'],
  format: 'esm',
  dts: true,
  platform: 'neutral',
  fixedExtension: false,
  deps: { neverBundle: [/^node:/] },
});
