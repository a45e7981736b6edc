import { defineConfig } from 'tsdown';

/** The WebAssembly build of ONNX Runtime for Node (MIT): 15 MB of onnxruntime-web's 139. The command falls back on it. */
const wasm = ['ort.node.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'];

const shared = { format: 'esm', platform: 'node', fixedExtension: false } as const;

export default defineConfig([
  {
    ...shared,
    entry: { index: 'src/index.ts', 'tf-explain': 'src/tf-explain/index.ts' },
    dts: true,
    deps: { neverBundle: ['onnxruntime-web'] },
    copy: [
      ...wasm.map((file) => ({ from: `../../node_modules/onnxruntime-web/dist/${file}`, to: 'dist/wasm' })),
      { from: '../report/dist/page.html', to: 'dist' },
    ],
  },
  {
    ...shared,
    // The command is one file and a few chunks, without a hundred small reads at its start. What holds native code or is chosen at run
    // time stays outside; the Node API above shares its classes with @seewhy/core and bundles nothing.
    entry: ['src/main.ts'],
    dts: false,
    clean: false,
    minify: true,
    deps: {
      alwaysBundle: [
        /^@seewhy\//,
        /^@bufbuild\//,
        /^commander/,
        /^@commander-js/,
        'picocolors',
        'tinyglobby',
        'csv-parse',
        'fflate',
      ],
      onlyBundle: false,
      neverBundle: ['onnxruntime-node', 'onnxruntime-web', 'sharp', 'fast-png', 'jpeg-js', 'h5wasm'],
    },
  },
]);
