import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // Tests run on the sources; the built packages have their own test (tests of the packed tarballs).
    alias: {
      '@seewhy/onnx': source('packages/onnx/src/index.ts'),
      '@seewhy/autodiff': source('packages/autodiff/src/index.ts'),
      '@seewhy/keras': source('packages/keras/src/index.ts'),
      '@seewhy/core': source('packages/core/src/index.ts'),
      '@seewhy/report': source('packages/report/src/index.ts'),
      '@seewhy/training/tfjs': source('packages/training/src/tfjs.ts'),
      '@seewhy/training/folders': source('packages/training/src/folders.ts'),
      '@seewhy/training/node': source('packages/training/src/node.ts'),
      '@seewhy/training': source('packages/training/src/index.ts'),
      'seewhy/tf-explain': source('packages/seewhy/src/tf-explain/index.ts'),
      seewhy: source('packages/seewhy/src/index.ts'),
    },
  },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/**/*.test.ts', 'tools/**/*.test.ts'],
    globalSetup: ['tools/test-support/run-folder.ts'],
    // onnxruntime-node is a native addon: one process a file keeps its threads apart.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // A page on a busy machine takes more than the second that is usual.
    expect: { poll: { timeout: 30_000 } },
  },
});
