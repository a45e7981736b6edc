import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { folder } from '../command/seewhy.ts';

const place = folder('memory');
const script = fileURLToPath(new URL('./finish-rows.ts', import.meta.url));
afterAll(() => rmSync(place, { recursive: true, force: true }));

interface Finished {
  readonly peak: number;
  readonly predicted: number;
  readonly findings: readonly (readonly [kind: string, n: number])[];
}

function finished(rows: number): Finished {
  const child = spawnSync(process.execPath, ['--import', 'tsx', script, join(place, String(rows)), String(rows)], {
    encoding: 'utf8',
  });
  expect(child.stderr).toBe('');
  return JSON.parse(child.stdout) as Finished;
}

it('tables, findings and report of 30,000 pictures more do not take what their records would', () => {
  const [few, many] = [finished(10_000), finished(40_000)];
  // A picture's numbers are 250 bytes, its record two kilobytes and more. Measured with what the collector leaves: 800 bytes; held: 2,700.
  expect((many.peak - few.peak) / 30_000).toBeLessThan(1600);
  for (const [{ predicted, findings }, rows] of [
    [few, 10_000],
    [many, 40_000],
  ] as const) {
    expect(predicted).toBe(rows);
    // All of them were looked at, not a part: pictures 1, 1001 … are one file.
    expect(findings.find(([kind]) => kind === 'near-duplicates')![1]).toBeGreaterThan(rows / 1000 - 4);
    expect(findings.find(([kind]) => kind === 'miscalibration')![1]).toBe(rows);
  }
}, 600_000);
