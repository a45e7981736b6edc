import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { brokenArrows } from './arrows.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const STUBS = ['onnxruntime-node', 'onnxruntime-web', 'onnxruntime-common', 'sharp', 'picocolors'];
const PACKAGES = ['onnx', 'autodiff', 'keras', 'core', 'seewhy'];

/** Each planted import breaks the named rule, and nothing else does. */
const PLANTED: [rule: string, file: string, text: string][] = [
  ['arrows-point-down', 'onnx/src/planted.ts', "export { two } from '@seewhy/autodiff';"],
  ['arrows-point-down', 'autodiff/src/planted.ts', "export { two } from '@seewhy/core';"],
  ['arrows-point-down', 'keras/src/planted.ts', "export { two } from '@seewhy/autodiff';"],
  ['arrows-point-down', 'core/src/planted.ts', "import type { two } from 'seewhy';\nexport type Two = typeof two;"],
  ['by-its-front-door', 'core/src/planted.ts', "export { deep } from '../../onnx/src/deep.ts';"],
  ['no-node-below-the-command', 'core/src/planted.ts', "export { readFileSync } from 'node:fs';"],
  ['no-node-below-the-command', 'onnx/src/planted.ts', "export const fs = import('fs');"],
  ['runtime-is-injected', 'autodiff/src/planted.ts', "export { InferenceSession } from 'onnxruntime-node';"],
  ['runtime-is-injected', 'core/src/runtime/ort.ts', "export { InferenceSession } from 'onnxruntime-web';"],
  ['runtime-is-injected', 'seewhy/src/planted.ts', "export const ort = import('onnxruntime-node');"],
  ['runtime-is-injected', 'seewhy/src/runtime.ts', "export { InferenceSession } from 'onnxruntime-node';"],
  ['sharp-stays-with-the-pictures', 'seewhy/src/planted.ts', "export { default } from 'sharp';"],
  ['no-cycles', 'core/src/planted.ts', "export { one } from './other.ts';\nexport const two = 2;"],
  ['sources-know-no-tests', 'core/src/planted.ts', "export { three } from '../test/three.ts';"],
  ['shipped-is-declared', 'core/src/planted.ts', "export { default } from 'picocolors';"],
  ['nothing-unresolved', 'core/src/planted.ts', "export { four } from './missing.ts';"],
];

/** What the rules allow, though it comes near. */
const ALLOWED: [what: string, file: string, text: string][] = [
  ['a package of a floor below', 'core/src/planted.ts', "export { two } from '@seewhy/onnx';"],
  [
    'types of the runtime in ort.ts',
    'core/src/runtime/ort.ts',
    "import type { Tensor } from 'onnxruntime-common';\nexport type T = Tensor;",
  ],
  ['the command loading a runtime', 'seewhy/src/runtime.ts', "export const ort = () => import('onnxruntime-node');"],
  ['sharp where pictures are read', 'seewhy/src/picture/decode.ts', "export const sharp = () => import('sharp');"],
  ['node: in the command', 'seewhy/src/planted.ts', "export { readFileSync } from 'node:fs';"],
];

describe('arrows', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'seewhy-arrows-'));
    for (const file of ['tsconfig.json', 'package.json']) cpSync(join(root, file), join(folder, file));
    for (const name of STUBS) {
      const stub = join(folder, 'node_modules', name);
      mkdirSync(stub, { recursive: true });
      writeFileSync(join(stub, 'package.json'), JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
      writeFileSync(join(stub, 'index.js'), '');
    }
    for (const name of PACKAGES) {
      write(`${name}/src/index.ts`, 'export const two = 2;');
      cpSync(join(root, 'packages', name, 'package.json'), join(folder, 'packages', name, 'package.json'));
    }
    write('onnx/src/deep.ts', 'export const deep = 1;');
    write('core/src/other.ts', "import { two } from './planted.ts';\nexport const one = two - 1;");
    write('core/src/planted.ts', 'export const two = 2;');
    write('core/test/three.ts', 'export const three = 3;');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  afterAll(() => process.chdir(root));

  function write(path: string, text: string) {
    const file = join(folder, 'packages', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${text}\n`);
  }

  it('finds nothing in a tree that keeps the rules', async () => {
    expect(await brokenArrows(folder)).toEqual([]);
  });

  it.each(PLANTED)('%s: %s', async (rule, file, text) => {
    if (rule !== 'no-cycles') rmSync(join(folder, 'packages/core/src/other.ts'));
    write(file, text);
    const rules = (await brokenArrows(folder)).map((broken) => broken.rule);
    expect(new Set(rules)).toContain(rule);
  });

  it.each(ALLOWED)('allows %s', async (_what, file, text) => {
    rmSync(join(folder, 'packages/core/src/other.ts'));
    write(file, text);
    const broken = await brokenArrows(folder);
    expect(broken.filter(({ rule }) => rule !== 'shipped-is-declared')).toEqual([]);
  });
});
