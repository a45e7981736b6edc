import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditRecord, readReport } from '@seewhy/report';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareRuns } from '../../../src/audit/compare/compare-runs.ts';
import { comparisonFolder } from '../../../src/audit/compare/comparison-folder.ts';
import { readRun } from '../../../src/audit/compare/read-run.ts';
import { sharedMethods } from '../../../src/audit/compare/shared-methods.ts';
import { writeComparison } from '../../../src/audit/compare/write-comparison.ts';
import { decodePicture } from '../../../src/picture/decode.ts';
import { auditRun, binary, explained } from '../panels/records.ts';
import { PAGE, writeRunFolder } from './run-folder.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seewhy-compare-'));
});
afterEach(() => rm(folder, { recursive: true }));

const mapped = (id: string, score: number, label: 0 | 1, file = `maps/${id}.gradcam.npy`): AuditRecord =>
  binary(id, score, label, { group: 'P1', maps: { gradcam: { ...explained(1).maps!.gradcam!, file } } });
const before = [mapped('a', 0.8, 1), mapped('b', 0.2, 1), mapped('c', 0.1, 0)];
const after = [mapped('a', 0.3, 1), mapped('b', 0.6, 1), mapped('c', 0.3, 0)];

async function compared(recordsA = before, recordsB = after) {
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  await writeRunFolder(a, auditRun(), recordsA);
  await writeRunFolder(b, auditRun(), recordsB, 'right');
  return write(a, b);
}

async function write(a: string, b: string, maxBytes = Number.POSITIVE_INFINITY) {
  const runs = { a: await readRun(a), b: await readRun(b) };
  const out = join(folder, 'out');
  const files = await writeComparison({
    compared: compareRuns(runs),
    methods: sharedMethods(runs.a.run, runs.b.run),
    folder: out,
    title: 'two',
    command: [],
    page: PAGE,
    maxBytes,
    stage: () => undefined,
  });
  const html = await readFile(join(out, 'report.html'), 'latin1');
  return { out, files, html, json: JSON.parse(await readFile(join(out, 'comparison.json'), 'utf8')) };
}

describe('writeComparison', () => {
  it('writes the figures, the panel and the report with the maps of both runs', async () => {
    const { out, files, html, json } = await compared();
    expect(files).toEqual(['comparison.json', 'report.html', 'panels/flips.png']);
    expect(json).toMatchObject({
      schema: 'seewhy/audit-comparison/v1',
      joined: { pictures: 3 },
      flips: { toWrong: 1, toRight: 1, bothRight: 1 },
      changedLeftOut: 0,
    });
    // Maps with hot halves at opposite sides.
    expect(json.changed[0]).toMatchObject({
      id: 'a',
      flip: 'to-wrong',
      label: ['malignant'],
      a: 0.8,
      b: 0.3,
      class: 'malignant',
    });
    expect(json.changed[0].agreement.gradcam).toBeCloseTo(-1, 12);
    const reader = readReport(html);
    expect(reader.totals!.written).toEqual({ picture: 3, map: 6, mask: 0 });
    const left = reader.plane({ kind: 'map', id: 'a', method: 'gradcam', side: 'a' })!;
    const right = reader.plane({ kind: 'map', id: 'a', method: 'gradcam', side: 'b' })!;
    expect([...left.data.subarray(0, 8)]).toEqual([255, 255, 255, 255, 0, 0, 0, 0]);
    expect([...right.data.subarray(0, 8)]).toEqual([0, 0, 0, 0, 255, 255, 255, 255]);
    // Each picture once, at its place: a (100) above b (101) above c (102).
    const { width, data } = await decodePicture(await readFile(join(out, 'panels/flips.png')));
    const rowOf = (red: number) => {
      for (let i = 0; i < data.length / 3; i++)
        if (data[i * 3] === red && data[i * 3 + 1] === 0 && data[i * 3 + 2] === 1) return Math.floor(i / width);
      return -1;
    };
    expect(rowOf(100)).toBeGreaterThan(60);
    expect(rowOf(101)).toBeGreaterThan(rowOf(100) + 144);
    expect(rowOf(102)).toBeGreaterThan(rowOf(101) + 144);
  });
  it('opens nothing outside the run folders, whatever their records name', async () => {
    await writeFile(join(folder, 'secret.npy'), 'secret');
    const { json } = await compared([
      mapped('a', 0.8, 1, '../secret.npy'),
      mapped('b', 0.2, 1, join(folder, 'secret.npy')),
    ]);
    expect(json.changed[0].agreement).toEqual({});
    // Neither through a link.
    await symlink(join(folder, 'secret.npy'), join(folder, 'a', 'maps', 'link.npy'));
    await writeRunFolder(join(folder, 'a'), auditRun(), []);
    const line = JSON.parse((await readFile(join(folder, 'b', 'predictions.jsonl'), 'utf8')).split('\n')[0]!);
    await writeFile(
      join(folder, 'a', 'predictions.jsonl'),
      JSON.stringify({ ...line, 'gradcam.map': 'maps/link.npy' }),
    );
    const run = JSON.parse(await readFile(join(folder, 'a', 'run.json'), 'utf8'));
    await writeFile(join(folder, 'a', 'run.json'), JSON.stringify({ ...run, counts: { ...run.counts, predicted: 1 } }));
    expect((await write(join(folder, 'a'), join(folder, 'b'))).html).not.toContain('secret');
  });
  it('goes on without the pictures, and says it', async () => {
    await compared();
    await rm(join(folder, 'a', 'report.html'));
    await writeFile(join(folder, 'b', 'report.html'), '<html>not one of ours</html>');
    const { json, html } = await write(join(folder, 'a'), join(folder, 'b'));
    expect(json.notices.join(' ')).toMatch(/'.*report.html' is missing.*is damaged/s);
    expect(readReport(html).totals!.written).toEqual({ picture: 0, map: 6, mask: 0 });
  });
  it('a report that may not hold its data is an error, and no half a file', async () => {
    const { out } = await compared();
    await rm(join(out, 'report.html'));
    await expect(write(join(folder, 'a'), join(folder, 'b'), 500)).rejects.toMatchObject({ code: 'REPORT_TOO_LARGE' });
    expect((await readdir(out)).sort()).toEqual(['comparison.json', 'panels']);
  });
});

describe('readRun', () => {
  const run = () => join(folder, 'a');
  const change = async (file: string, edit: (text: string) => string) => {
    await writeRunFolder(run(), auditRun(), before);
    const path = join(run(), file);
    await writeFile(path, edit(await readFile(path, 'utf8')));
  };
  it('reads what the audit wrote', async () => {
    await writeRunFolder(run(), auditRun(), before);
    const { records } = await readRun(run());
    expect(records.map(({ id, label }) => [id, label])).toEqual([
      ['a', [1]],
      ['b', [1]],
      ['c', [0]],
    ]);
  });
  it.each([
    ['run.json', (text: string) => text.slice(0, 100), 'COMPARE_RUN_DAMAGED', /run.json.*no JSON/],
    ['run.json', () => '[]', 'COMPARE_RUN_DAMAGED', /run.json/],
    ['run.json', (text: string) => text.replace('"binary"', '"guess"'), 'COMPARE_RUN_DAMAGED', /'task'/],
    ['run.json', (text: string) => text.replace('"malignant"', '"benign"'), 'COMPARE_RUN_DAMAGED', /twice/],
    ['run.json', (text: string) => text.replace('"positive":1', '"positive":7'), 'COMPARE_RUN_DAMAGED', /'positive'/],
    ['run.json', (text: string) => text.replace('"done"', '"interrupted"'), 'COMPARE_UNFINISHED', /--resume/],
    ['predictions.jsonl', (text: string) => text.slice(0, -30), 'COMPARE_RUN_DAMAGED', /line 3 is no JSON/],
    [
      'predictions.jsonl',
      (text: string) => text.split('\n').slice(1).join('\n'),
      'COMPARE_RUN_DAMAGED',
      /2 pictures.*counts 3/,
    ],
    [
      'predictions.jsonl',
      (text: string) => text.replace('"id":"b"', '"id":"a"'),
      'COMPARE_RUN_DAMAGED',
      /line 2.*before/,
    ],
    [
      'predictions.jsonl',
      (text: string) => text.replace('"id":"b"', '"id":{"x":1}'),
      'COMPARE_RUN_DAMAGED',
      /plain value/,
    ],
    ['predictions.jsonl', () => '7\n', 'COMPARE_RUN_DAMAGED', /line 1 is no object/],
  ] as const)('%s that was changed: %s', async (file, edit, code, message) => {
    await change(file, edit);
    await expect(readRun(run())).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
  it('says what a folder is, and names near ones', async () => {
    await writeRunFolder(join(folder, 'run-v1'), auditRun(), before);
    await expect(readRun(join(folder, 'run-v2'))).rejects.toMatchObject({
      code: 'COMPARE_NO_RUN',
      message: expect.stringContaining('Did you mean'),
    });
    await expect(readRun(folder)).rejects.toMatchObject({ code: 'COMPARE_NO_RUN' });
    await expect(readRun(join(folder, 'run-v1', 'run.json'))).rejects.toMatchObject({ code: 'COMPARE_NO_RUN' });
  });
});

describe('comparisonFolder', () => {
  it('numbers what is there, empties only a comparison’s own, and refuses anything else', async () => {
    const out = join(folder, 'out');
    expect(await comparisonFolder(out, false)).toBe(out);
    await writeFile(join(out, 'comparison.json'), '{}');
    expect(await comparisonFolder(out, false)).toBe(`${out}-2`);
    expect(await comparisonFolder(`${out}/`, true)).toBe(out);
    await writeFile(join(out, 'mine.txt'), 'x');
    await expect(comparisonFolder(out, true)).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
  });
});
