import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { seriesInName } from '../../src/files/checkpoints.ts';
import { placeOf } from '../../src/files/place-of.ts';
import { WatchState } from '../../src/files/watch-state.ts';

const folder = mkdtempSync(join(tmpdir(), 'seewhy-place-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Explains checkpoints one after the other, as a watch does; `step` or `series step` of each. */
async function places(names: readonly string[], file = `${Math.random()}.json`): Promise<string[]> {
  const state = await WatchState.open(join(folder, file));
  const told: string[] = [];
  for (const [at, name] of names.entries()) {
    const there = names.slice(0, at + 1).map((one) => ({ name: one }));
    const place = placeOf(name, there, state);
    await state.begin(name, String(at), place);
    await state.add(name, String(at), place);
    told.push(place.series === undefined ? String(place.step) : `${place.series} ${place.step}`);
  }
  return told;
}

describe('the step of a checkpoint', () => {
  it.each([
    // The best one so far beside one an epoch takes no step from them.
    [
      ['epoch-03.keras', 'epoch-04.keras', 'best.keras', 'epoch-05.keras', 'epoch-06.keras', 'best.keras'],
      ['3', '4', 'best 4', '5', '6', 'best 6'],
    ],
    // Twice within an epoch, and an epoch after it.
    [
      ['epoch-01.keras', 'best.keras', 'best.keras', 'epoch-02.keras', 'best.keras'],
      ['1', 'best 1', 'best 2', '2', 'best 3'],
    ],
    // One file that is written again and again, and one whose name tells a figure.
    [
      ['model.onnx', 'model.onnx', 'model.onnx'],
      ['0', '1', '2'],
    ],
    [
      ['best-0.81.keras', 'best-0.93.keras'],
      ['0', '1'],
    ],
    [
      ['epoch-01.keras', 'best-0.81.keras', 'epoch-02.keras', 'best-0.93.keras'],
      ['1', 'best 1', '2', 'best 2'],
    ],
    // What had the steps for itself keeps its tags; nothing is written twice under one.
    [
      ['best.keras', 'epoch=00.keras', 'best.keras', 'last/model.json'],
      ['0', '1', '2', 'last 2'],
    ],
    // Two files that take turns.
    [
      ['a.onnx', 'b.onnx', 'b.onnx', 'a.onnx'],
      ['0', 'b 0', 'b 1', '1'],
    ],
    // A second training into the same folder.
    [
      ['epoch-1.onnx', 'epoch-2.onnx', 'epoch-1.onnx', 'best.onnx'],
      ['1', '2', '3', 'best 3'],
    ],
  ])('of %j is %j', async (names, expected) => expect(await places(names)).toEqual(expected));

  it('goes on from a record on the disk', async () => {
    expect(await places(['epoch-04.keras', 'best.keras'], 'kept.json')).toEqual(['4', 'best 4']);
    expect(await places(['epoch-05.keras', 'best.keras'], 'kept.json')).toEqual(['5', 'best 5']);
  });
});

describe('the series of a checkpoint', () => {
  it.each([
    ['best.keras', 'best'],
    ['best-0.91.keras', 'best'],
    ['run/val_loss=0.312-acc=0.9.keras', 'run/val_loss-acc'],
    ['best/model.json', 'best'],
    ['model.json', 'model'],
    ['vgg16.h5', 'vgg16'],
    ['0.91.onnx', '0.91'],
  ])('of %s is %s', (name, series) => expect(seriesInName(name)).toBe(series));
});
