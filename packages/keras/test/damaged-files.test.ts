import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { cpuMilliseconds } from '../../../tools/test-support/cpu-milliseconds.ts';
import { type Draw, damaged, seededDraw } from '../../../tools/test-support/damage.ts';
import { importKeras } from '../src/index.ts';
import { HANG, load, repacked, survives, text } from './hostile-files.ts';
import { fixture } from './support.ts';

const victims: [string, (next: Draw) => Uint8Array | Map<string, Uint8Array>][] = [
  ['a .keras archive', (next) => damaged(load('structure.keras'), next)],
  [
    'config.json',
    (next) =>
      repacked((entries) => {
        entries['config.json'] = damaged(entries['config.json']!, next);
      }),
  ],
  [
    'model.weights.h5',
    (next) =>
      repacked((entries) => {
        entries['model.weights.h5'] = damaged(entries['model.weights.h5']!, next);
      }),
  ],
  ['a .h5 file', (next) => damaged(load('structure.h5'), next)],
  [
    'model.json',
    (next) => {
      const files = new Map(fixture('tfjs-uint8/model.json'));
      files.set('model.json', damaged(files.get('model.json')!, next));
      return files;
    },
  ],
];

describe('damaged files: a clear error or a right answer', () => {
  const ROUNDS = Number(process.env.SEEWHY_FUZZ ?? 300);
  it.each(victims)('%s with hundreds of kinds of damage: no crash, no hang, no memory', async (_, damage) => {
    const next = seededDraw(20260101);
    const codes = new Map<string, number>();
    const before = process.memoryUsage().rss;
    for (let round = 0; round < ROUNDS; round++) {
      const start = cpuMilliseconds();
      const code = await survives(damage(next));
      codes.set(code, (codes.get(code) ?? 0) + 1);
      expect(cpuMilliseconds() - start, `round ${round}`).toBeLessThan(HANG);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(1e9);
    expect(codes.get('INVALID_GRAPH')).toBeUndefined();
    expect(codes.size).toBeGreaterThan(1);
    // What came before has left no trace.
    expect(await survives(load('structure.keras'))).toBe('ok');
    expect(await survives(load('structure.h5'))).toBe('ok');
  });

  it.each(['structure.keras', 'structure.h5'])('%s cut off at every percent', async (name) => {
    const bytes = load(name);
    for (let percent = 0; percent < 100; percent++)
      expect(await survives(bytes.slice(0, Math.floor((bytes.length * percent) / 100))), `${percent} %`).toMatch(
        /^[A-Z0-9_]+$/,
      );
  });

  it.each([
    ['nothing', new Uint8Array(0), 'MODEL_NOT_KERAS', /empty/],
    ['a text', text('hello, this is no model'), 'MODEL_NOT_KERAS', /zip, HDF5 or JSON/],
    ['a web page', text('<!DOCTYPE html><html>'), 'MODEL_NOT_KERAS', /web page/],
    [
      'a Git LFS pointer',
      text('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'),
      'MODEL_NOT_KERAS',
      /Git LFS pointer/,
    ],
    ['another JSON', text({ a: 1 }), 'MODEL_NOT_KERAS', /describes no model/],
    ['half a JSON', text('{"class_name": "Sequential"'), 'JSON_INVALID', /not JSON/],
    ['JSON nested a thousand deep', text(`{"a":${'['.repeat(1000)}${']'.repeat(1000)}}`), 'JSON_INVALID', /deeper/],
    ['an empty zip', zipSync({}), 'ARCHIVE_INVALID', /config\.json/],
    ['a zip of something else', zipSync({ 'readme.txt': text('hi') }), 'ARCHIVE_INVALID', /config\.json/],
  ])('%s in place of a model', async (_, bytes, code, message) => {
    expect(await survives(bytes)).toBe(code);
    await expect(importKeras(bytes)).rejects.toThrow(message);
  });

  it('a SavedModel is named, with its conversion', async () => {
    await expect(
      importKeras({ 'saved_model.pb': text('x'), 'variables/variables.index': text('y') }),
    ).rejects.toMatchObject({
      code: 'MODEL_SAVED_MODEL',
      cure: expect.stringContaining('tf2onnx'),
    });
  });
});
