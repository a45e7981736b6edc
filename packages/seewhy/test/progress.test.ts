import { afterEach, describe, expect, it, vi } from 'vitest';
import { clock, startProgress } from '../src/progress.ts';

afterEach(() => vi.useRealTimers());

function run(isTTY: boolean, env: Record<string, string> = {}, quiet = false): string {
  vi.useFakeTimers();
  let time = 0;
  let written = '';
  const stream = { isTTY, columns: 60, write: (text: string) => (written += text) } as unknown as NodeJS.WriteStream;
  const progress = startProgress({ total: 40, unit: 'pictures', quiet, stream, env, now: () => time });
  for (let i = 0; i < 30; i++) {
    time += 1000;
    progress.tick(i === 3);
  }
  progress.end();
  return written;
}

describe('progress', () => {
  it('is a bar on a terminal, taken away at the end', () => {
    const written = run(true);
    expect(written).toContain('20/40 pictures  1.0/s  0:20 left, 1 failed');
    expect(written).toContain('━');
    expect(written.endsWith('\r\u001b[2K')).toBe(true);
    for (const line of written.split('\r\u001b[2K')) expect(line.length).toBeLessThan(60);
  });

  it('is a plain line every ten seconds elsewhere, and in CI', () => {
    const lines =
      '10/40 pictures  1.0/s  0:30 left, 1 failed\n20/40 pictures  1.0/s  0:20 left, 1 failed\n30/40 pictures  1.0/s  0:10 left, 1 failed\n';
    expect(run(false)).toBe(lines);
    expect(run(true, { CI: 'true' })).toBe(lines);
  });

  it('is nothing when quiet', () => expect(run(true, {}, true)).toBe(''));

  it('tells the time', () =>
    expect([0, 65, 3723, Number.POSITIVE_INFINITY].map(clock)).toEqual(['0:00', '1:05', '1:02:03', '–']));
});
