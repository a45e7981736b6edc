import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { chromium, onnxTestdata, pythonPeers } from './require.ts';

const written: string[] = [];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'seewhy-require-'));
  written.length = 0;
  vi.stubEnv('SEEWHY_TEST_RUN', folder);
  vi.stubEnv('SEEWHY_PEERS', join(folder, 'none'));
  vi.stubEnv('ONNX_TESTDATA', join(folder, 'none'));
  vi.stubEnv('CHROMIUM', '');
  vi.stubEnv('PATH', '');
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const COMPONENTS = [
  { name: 'Chromium', find: () => chromium(), cure: 'apt-get install chromium' },
  { name: 'torch', find: () => pythonPeers('torch'), cure: 'tools/peers/install.sh torch' },
  { name: 'libonnx-testdata', find: () => onnxTestdata(), cure: 'apt-get install libonnx-testdata' },
];

it.each(COMPONENTS)('without $name: says so once, with the cure', ({ find, cure }) => {
  vi.stubEnv('CI', '');
  expect(find()).toBeUndefined();
  expect(find()).toBeUndefined();
  expect(written).toHaveLength(1);
  expect(written[0]).toMatch(/^skip: .*\n$/);
  expect(written[0]).toContain(cure);
});

it.each(COMPONENTS)('without $name and with CI=true: fails', ({ find, cure }) => {
  vi.stubEnv('CI', 'true');
  expect(find).toThrow(cure);
  expect(written).toEqual([]);
});
