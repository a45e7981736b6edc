import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quantile } from './measure.ts';

export interface ProcessCost {
  readonly milliseconds: number;
  /** Peak resident memory, in MB; NaN where /usr/bin/time is missing. */
  readonly megabytes: number;
}

/** Runs a program to its end: wall time, and peak memory by GNU time. */
export async function processCost(program: string, args: readonly string[]): Promise<ProcessCost> {
  const folder = mkdtempSync(join(tmpdir(), 'seewhy-bench-'));
  const record = join(folder, 'time');
  try {
    const start = performance.now();
    const child = spawn('/usr/bin/time', ['-o', record, '-f', '%M', program, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    const code = await new Promise<number | null>((done, failed) => {
      child.on('error', failed);
      child.on('close', done);
    });
    const milliseconds = performance.now() - start;
    if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${said.slice(-500)}`);
    return { milliseconds, megabytes: Number(readFileSync(record, 'utf8').trim().split('\n').at(-1)) / 1024 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of several runs: the lower quartile of the time (other processes only ever add some), the median of the memory. */
export function summaryOf(runs: readonly ProcessCost[]): ProcessCost {
  const of = (key: keyof ProcessCost) => runs.map((one) => one[key]);
  return { milliseconds: quantile(of('milliseconds'), 0.25), megabytes: quantile(of('megabytes'), 0.5) };
}
