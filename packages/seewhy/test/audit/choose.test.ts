import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { choosePictures } from '../../src/audit/choose.ts';
import type { AuditPlan } from '../../src/audit/plan.ts';

const folder = mkdtempSync(join(tmpdir(), 'seewhy-choose-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** 60 pictures of two classes; of three one is decided wrong. */
const COUNT = 60;
const records = Array.from({ length: COUNT }, (_, at) => {
  const label = at % 2;
  const right = at % 3 !== 0;
  const positive = (label === 1) === right ? 0.6 + at / 1000 : 0.4 - at / 1000;
  return {
    id: `p${at}`,
    label: [label],
    sha256: `${at}`,
    scores: [
      [1, positive],
      [0, 1 - positive],
    ].sort((a, b) => b[1]! - a[1]!),
  };
});
const ids = new Map(records.map(({ id }, at) => [id, at]));
const plan = {
  chooser: { kind: 'panel' },
  scan: { ids: { find: (id: string) => ids.get(id) ?? -1 } },
  seed: 3,
  task: 'binary',
  classes: ['benign', 'malignant'],
  threshold: 0.5,
  positive: 1,
  target: { kind: 'top' },
} as unknown as AuditPlan;
const run = { dataset: { path: 'set', kind: 'folders', sha256: '0', columns: [] }, model: {} } as never;

const choose = (name: string, list: typeof records, most?: number, of = plan) => {
  const journal = join(folder, name);
  writeFileSync(
    journal,
    list.map((record) => `${JSON.stringify({ kind: 'predicted', id: record.id, record })}\n`).join(''),
  );
  return choosePictures(of, journal, run, most);
};
const wrong = (at: number) => at % 3 === 0;

describe('pictures for the panels', () => {
  it('come from all predictions, whatever their order, and nothing is left unsaid', async () => {
    const whole = await choose('whole', records);
    expect(whole.notices).toEqual([]);
    expect([...whole.chosen.keys()].some(wrong)).toBe(true);
    const turned = await choose('turned', records.toReversed());
    expect([...turned.chosen.keys()].sort()).toEqual([...whole.chosen.keys()].sort());
  });

  it('come from so many of each kind at most, which is said', async () => {
    const few = await choose('few', records, 5);
    expect(few.notices).toEqual([
      'The panels are chosen among 5 of 20 wrong predictions, drawn with the seed.',
      'The panels are chosen among 5 of 40 predictions that are right or without a label, drawn with the seed.',
    ]);
    const chosen = [...few.chosen.keys()];
    expect(chosen.filter(wrong)).toHaveLength(5);
    const turned = await choose('few turned', records.toReversed(), 5);
    expect([...turned.chosen.keys()].sort()).toEqual(chosen.sort());
  });

  it('of each cell as many as asked for, whatever the order', async () => {
    const cells = { ...plan, chooser: { kind: 'cell', count: 4 } } as AuditPlan;
    const found = await choose('cells', records, undefined, cells);
    const chosen = [...found.chosen.keys()];
    const cell = (at: number) => `${at % 2} ${wrong(at)}`;
    for (const one of ['0 true', '0 false', '1 true', '1 false'])
      expect(chosen.filter((at) => cell(at) === one)).toHaveLength(4);
    const turned = await choose('cells turned', records.toReversed(), undefined, cells);
    expect([...turned.chosen.keys()].sort()).toEqual(chosen.sort());
  });
});
