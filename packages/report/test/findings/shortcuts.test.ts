import { describe, expect, it } from 'vitest';
import { clusterMaps, type Finding, findingsOf } from '../../src/index.ts';
import { auditOf, type World } from './worlds.ts';

/** What is said about shortcuts. `tools/findings/worlds.ts` counts it over many more worlds than a test has time for. */
function shortcutsIn(world: World): Finding[] {
  const { run, records } = auditOf(world);
  return findingsOf(run, records, clusterMaps(run, records, world.seed)).filter(({ kind }) => kind === 'shortcut');
}

describe('a model that looks at the object is not accused', () => {
  const nulls: Omit<World, 'seed'>[] = [
    { masks: true },
    { masks: true, objects: 'anywhere', coarse: 4 },
    { masks: true, objects: 'class', classes: 4 },
    { objects: 'middle', classes: 4 },
    { objects: 'anywhere', coarse: 14 },
    { objects: 'fill', background: 'varied' },
    { objects: 'class', coarse: 14 },
    { masks: true, shortcut: 'corner', share: 0.5, learned: false },
    { shortcut: 'moving', share: 0.5, learned: false },
    { shortcut: 'moving', share: 0.5, learned: false, objects: 'anywhere', background: 'varied' },
    { shortcut: 'border', share: 0.5, learned: false },
    { shortcut: 'ruler', share: 0.5, learned: false },
    { shortcut: 'tint', share: 0.5, learned: false },
    { shortcut: 'texture', share: 0.5, learned: false },
  ];
  it.each(nulls)('%j', (world) => {
    for (const seed of [1, 2]) expect(shortcutsIn({ ...world, seed })).toEqual([]);
  });
});

describe('a mark that decides is found, and the right pictures are named', () => {
  const planted: Omit<World, 'seed'>[] = [
    { masks: true, shortcut: 'corner', share: 0.3 },
    { masks: true, shortcut: 'moving', share: 0.15, pictures: 300 },
    { masks: true, shortcut: 'border', share: 0.6, classes: 4, pictures: 320 },
    { shortcut: 'corner', share: 0.6 },
    { shortcut: 'moving', share: 0.5, objects: 'anywhere' },
    { shortcut: 'moving', share: 0.3, objects: 'anywhere', background: 'varied', classes: 5, pictures: 400 },
    { shortcut: 'corner', share: 1, classes: 4, pictures: 320 },
    { shortcut: 'border', share: 0.6 },
    { shortcut: 'stamp', share: 0.5, background: 'varied' },
    { shortcut: 'stamp', share: 1, background: 'varied' },
    { shortcut: 'ruler', share: 0.5 },
    { shortcut: 'tint', share: 0.6 },
    { shortcut: 'texture', share: 0.6 },
    { masks: true, shortcut: 'background', share: 1 },
  ];
  it.each(planted)('%j', (world) => {
    const seed = 3;
    const found = shortcutsIn({ ...world, seed });
    expect(found[0]).toMatchObject({ severity: 'high', method: 'gradcam' });
    expect(found[0]!.title).toContain('“kind 1”');
    // The mark is what distinguishes these pictures from those of the same world without it.
    const bare = new Map(
      auditOf({ ...world, seed, shortcut: 'none' }).records.map((record) => [record.id, record.thumb]),
    );
    const marked = auditOf({ ...world, seed }).records.filter(({ id, thumb }) => bare.get(id) !== thumb);
    const ids = new Set(marked.map(({ id }) => id));
    expect(found[0]!.ids.filter((id) => ids.has(id)).length).toBeGreaterThanOrEqual(0.8 * found[0]!.ids.length);
  });
});

it('the order of the records does not matter', () => {
  const { run, records } = auditOf({ seed: 5, masks: true, shortcut: 'corner', share: 0.5 });
  const clusters = clusterMaps(run, records, 1);
  const turned = records.toReversed();
  expect(clusterMaps(run, turned, 1)).toEqual(clusters);
  expect(findingsOf(run, turned, clusters)).toEqual(findingsOf(run, records, clusters));
});

it('records without thumbs, probes and covered parts say nothing of shortcuts', () => {
  const { run, records } = auditOf({ seed: 5, shortcut: 'corner', share: 0.5, bare: true });
  const uncovered = records.map((record) => ({
    ...record,
    maps: { gradcam: { ...record.maps!.gradcam!, covered: undefined } },
  })) as unknown as typeof records;
  expect(findingsOf(run, uncovered, clusterMaps(run, uncovered, 1)).filter(({ kind }) => kind === 'shortcut')).toEqual(
    [],
  );
});
