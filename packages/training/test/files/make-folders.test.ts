import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeFolders } from '@seewhy/training/node';
import { afterAll, describe, expect, it } from 'vitest';

const place = mkdtempSync(join(tmpdir(), 'seewhy-folders-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

describe('makeFolders', () => {
  it('makes what is missing, as often as it is asked, by several at once', async () => {
    const deep = join(place, 'a/b/../c/d');
    await Promise.all(Array.from({ length: 8 }, () => makeFolders(deep)));
    await makeFolders(deep);
    await makeFolders('/');
    expect(statSync(join(place, 'a/c/d')).isDirectory()).toBe(true);
  });

  it('goes through a link to a folder', async () => {
    mkdirSync(join(place, 'real'));
    symlinkSync(join(place, 'real'), join(place, 'link'));
    await makeFolders(join(place, 'link/below'));
    expect(statSync(join(place, 'real/below')).isDirectory()).toBe(true);
  });

  it('says where a file stands in the way', async () => {
    const file = join(place, 'file');
    writeFileSync(file, '');
    await expect(makeFolders(file)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolders(join(file, 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  // In a process of its own: what this is about would never come back.
  it.skipIf(!existsSync('/proc/self'))('ends where the system has no place for folders', () => {
    const script = `import { makeFolders } from '${fileURLToPath(new URL('../../src/files/make-folders.ts', import.meta.url))}';
      await makeFolders('/proc/none/below').catch(({ code }) => console.log(code));`;
    const done = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(done.stdout.trim()).toBe('ENOENT');
  });
});
