import { defineConfig } from 'tsdown';

/** The WebAssembly build of ONNX Runtime for Node (MIT): 15 MB of onnxruntime-web's 139. The command falls back on it. */
const wasm = ['ort.node.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm'];

export default defineConfig({
  entry: ['src/index.ts', 'src/main.ts'],
  format: 'esm',
  dts: true,
  platform: 'node',
  fixedExtension: false,
  copy: wasm.map((file) => ({ from: `../../node_modules/onnxruntime-web/dist/${file}`, to: 'dist/wasm' })),
});
