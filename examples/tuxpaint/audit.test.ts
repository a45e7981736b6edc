import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditRun, Finding } from '@seewhy/report';
import { afterAll, describe, expect, it } from 'vitest';
import { ROOT, seewhy } from '../../packages/seewhy/test/command/seewhy.ts';
import { tuxpaintStamps } from '../../tools/test-support/require.ts';
import { buildStamps } from './build.ts';

const stamps = tuxpaintStamps();
const folder = mkdtempSync(join(tmpdir(), 'seewhy-stamps-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is read of a row of predictions.jsonl. */
interface Row {
  readonly correct: boolean;
  readonly 'gradcam.mass_inside': number;
  readonly 'gradcam.mask_area': number;
  readonly 'gradcam.pointing': boolean;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

describe.skipIf(!stamps)('an ImageNet classifier on photographs with exact masks', () => {
  it('is right about most of them, looks at the objects, and is accused of nothing', { timeout: 300_000 }, async () => {
    const count = await buildStamps(folder, { stamps: stamps!, every: 3 });
    expect(count).toBe(56);
    const out = join(folder, 'audit');
    const { code, stderr } = await seewhy([
      ...['audit', 'fixtures/models/efficientnet-lite0.onnx', join(folder, 'manifest.csv')],
      ...['--labels', 'fixtures/models/imagenet-1000-labels.txt', '--preprocess', 'signed'],
      ...['--class-map', join(ROOT, 'examples/tuxpaint/classes.csv'), '--column', 'group=stamp', '--out', out],
    ]);
    expect(code, stderr).toBe(0);
    const read = (name: string) => readFileSync(join(out, name), 'utf8');
    const run: AuditRun = JSON.parse(read('run.json'));
    expect(run.counts).toMatchObject({ rows: 56, predicted: 56, labelled: 56, explained: 56, failed: 0 });
    expect(run.problems).toEqual([]);

    const rows: Row[] = read('predictions.jsonl')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const right = rows.filter(({ correct }) => correct);
    expect(right.length).toBeGreaterThan(0.6 * rows.length);
    // Against the share that falls inside a mask by chance: its area.
    expect(median(right.map((row) => row['gradcam.mass_inside'] / row['gradcam.mask_area']))).toBeGreaterThan(1.3);
    expect(right.filter((row) => row['gradcam.pointing']).length).toBeGreaterThan(0.8 * right.length);

    const findings: Finding[] = JSON.parse(read('findings.json'));
    expect(findings.filter(({ kind }) => kind === 'shortcut')).toEqual([]);
  });
});
