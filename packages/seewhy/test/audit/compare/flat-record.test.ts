import type { AuditRecord, AuditRun } from '@seewhy/report';
import { describe, expect, it } from 'vitest';
import { FlatRowError, recordOfRow } from '../../../src/audit/compare/flat-record.ts';
import { type FlatRow, flatRow } from '../../../src/audit/predictions.ts';
import { auditRun, binary, explained, record } from '../panels/records.ts';

const tableOf = (run: AuditRun) => ({ run, classes: new Map(run.classes.map((name, index) => [name, index])) });
const back = (one: AuditRecord, run: AuditRun) =>
  recordOfRow(JSON.parse(JSON.stringify(flatRow(one, run))) as FlatRow, tableOf(run));

describe('recordOfRow', () => {
  it('turns back what the audit writes: labels, scores, columns, maps', () => {
    const run = auditRun();
    const map = explained(1).maps!.gradcam!;
    const full = binary('a/b', 0.25, 1, {
      group: 'P1',
      split: 'val',
      columns: { site: 'arm', age: 61, biopsy: true, path: 'the set’s own', label: 'also' },
      fingerprint: '00ff00ff00ff00ff',
      colour: [1.5, 2, 3, 4],
      masked: true,
      maps: {
        gradcam: {
          ...map,
          file: 'maps/a-b.gradcam.npy',
          quadrants: [0.1, 0.2, 0.3, 0.4],
          corners: [0.01, 0.02, 0.03, 0.04],
          inside: { mass: 0.7, pointing: true, iou: 0.4, cut: 0.5, area: 0.2 },
        },
      },
    });
    const sorted = { ...full, scores: [...full.scores].sort((a, b) => b[1] - a[1]) };
    expect(back(full, run)).toEqual(sorted);
    expect(back(binary('plain', 0.5), run)).toEqual({
      ...binary('plain', 0.5),
      scores: [
        [0, 0.5],
        [1, 0.5],
      ],
    });
  });
  it('class names may hold the sign that joins labels, or be taken for other columns', () => {
    const run = auditRun({ task: 'multilabel', classes: ['a', 'b|c', 'a|b', 'id', 'score:a'], methods: [] });
    for (const label of [[0], [1], [2], [0, 1], [2, 3], [0, 1, 2, 3, 4], []]) {
      const one = record({ id: 'x', label, scores: run.classes.map((_, i) => [i, 0.9 - i / 10] as const) });
      expect(back(one, run)).toEqual(one);
    }
  });
  it('of many classes the best five and the label’s score are known', () => {
    const run = auditRun({ task: 'multiclass', classes: Array.from({ length: 60 }, (_, i) => `c${i}`), methods: [] });
    const one = record({
      id: 'x',
      label: [59],
      scores: [
        [3, 0.5],
        [4, 0.2],
        [5, 0.1],
        [6, 0.05],
        [7, 0.04],
        [59, 0.01],
      ],
    });
    expect(back(one, run)).toEqual(one);
  });
  it.each([
    [{ id: 7 }, /'id' is no text/],
    [{ id: 'x', label: 'cat' }, /'label' names a class that the run does not have/],
    [{ id: 'x', 'score:benign': 1.5 }, /'score:benign' is no probability/],
    [{ id: 'x', 'score:benign': 'high' }, /'score:benign' is no number/],
    [{ id: 'x', 'gradcam.target': 'cat' }, /'gradcam.target' names no class/],
    [{ id: 'x', width: '8' }, /'width' is no number/],
  ] as [FlatRow, RegExp][])('refuses %j', (row, message) => {
    expect(() => recordOfRow(row, tableOf(auditRun()))).toThrow(FlatRowError);
    expect(() => recordOfRow(row, tableOf(auditRun()))).toThrow(message);
  });
});
