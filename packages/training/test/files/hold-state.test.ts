import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { holdState } from '../../src/node.ts';

const record = () => join(mkdtempSync(join(tmpdir(), 'seewhy-hold-')), 'state.json');
const others: ChildProcess[] = [];

/** A process that waits. */
async function another(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  others.push(child);
  await once(child, 'spawn');
  return child;
}

afterEach(() => {
  for (const child of others.splice(0)) child.kill();
});

describe('a record of what was explained', () => {
  it('is held by this process until it is given free', async () => {
    const path = record();
    const free = await holdState(path);
    expect(JSON.parse(readFileSync(`${path}.lock`, 'utf8'))).toEqual({ pid: process.pid, host: hostname() });
    await free();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it('that another process holds is refused while that one lives, and taken over behind it', async () => {
    const path = record();
    const child = await another();
    writeFileSync(`${path}.lock`, JSON.stringify({ pid: child.pid, host: hostname() }));
    await expect(holdState(path)).rejects.toMatchObject({ code: 'WATCH_BUSY' });
    child.kill();
    await once(child, 'exit');
    const free = await holdState(path);
    expect(readFileSync(`${path}.lock`, 'utf8')).toContain(`${process.pid}`);
    await free();
  });

  it('that a process of another machine holds is refused', async () => {
    const path = record();
    writeFileSync(`${path}.lock`, JSON.stringify({ pid: 1, host: `not-${hostname()}` }));
    await expect(holdState(path)).rejects.toThrow(`delete '${path}.lock'`);
  });

  it.each(['', 'no JSON', '{"pid":"x"}'])('with a damaged lock (%j) is taken over', async (text) => {
    const path = record();
    writeFileSync(`${path}.lock`, text);
    await (await holdState(path))();
  });

  it('in a folder that is not there is not held: writing it says why', async () => {
    await (await holdState(join(record(), 'none', 'state.json')))();
  });
});
