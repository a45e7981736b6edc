import { defineConfig } from 'tsdown';

export default defineConfig({
  // Apart from node.ts, which is the one that touches files, all of it also runs in browsers and in workers.
  entry: ['src/index.ts', 'src/tfjs.ts', 'src/node.ts'],
  format: 'esm',
  dts: true,
  platform: 'neutral',
  fixedExtension: false,
  deps: { neverBundle: [/^node:/] },
});
