import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { explanationRecord } from '../../src/schema.ts';
import { cat, cnn, explainPhotos, five, json, known, layOut, npy, out, scratch } from './explain-setup.ts';
import { built, files, photo, seewhy } from './seewhy.ts';

beforeAll(layOut);

describe('nothing is lost', () => {
  it('a bad picture in a folder: the rest is done, exit 4, listed', async () => {
    const mixed = join(scratch, 'mixed');
    mkdirSync(mixed, { recursive: true });
    copyFileSync(cat, join(mixed, 'a.png'));
    writeFileSync(join(mixed, 'b.jpg'), 'a text file');
    writeFileSync(join(mixed, 'c.png'), '');
    writeFileSync(join(mixed, 'd.png'), readFileSync(cat).subarray(0, 3000));
    copyFileSync(photo('rocket.jpg'), join(mixed, 'e.jpg'));
    const to = out();
    const { code, stderr } = await seewhy(['explain', cnn, mixed, ...known, '-o', to, '-t', '0', '--save', 'map']);
    expect({ code, made: files(to) }).toEqual({ code: 4, made: ['a.gradcam.0.map.npy', 'e.gradcam.0.map.npy'] });
    for (const name of ['b.jpg', 'c.png', 'd.png']) expect(stderr).toMatch(new RegExp(`failed \\S*${name}: `));
    expect(stderr).toContain('3 of 5 inputs failed');
  });

  it('notes say which of several pictures they are about where the results are read by a program', async () => {
    const moving = join(scratch, 'moving');
    mkdirSync(moving, { recursive: true });
    copyFileSync(cat, join(moving, 'a.png'));
    const frames = await Promise.all(
      ['red', 'blue'].map((background) =>
        sharp({ create: { width: 8, height: 8, channels: 3, background } })
          .png()
          .toBuffer(),
      ),
    );
    await sharp(frames, { join: { animated: true } })
      .gif()
      .toFile(join(moving, 'b.gif'));
    const run = (source: string, ...more: string[]) =>
      seewhy(['explain', cnn, source, ...known, '-o', out(), '-t', '0', ...more]);
    for (const more of [['--json'], []]) {
      const { code, stderr } = await run(moving, ...more);
      expect(code).toBe(0);
      expect(stderr).toContain(`${join(moving, 'b.gif')}: Animated picture: the first of 2 was taken.`);
    }
    expect((await run(join(moving, 'b.gif'))).stderr).toMatch(/^ {2}Animated picture: the first of 2/m);
  });

  it('a picture above the limit is refused before it is decoded', async () => {
    const { code, stderr } = await seewhy(['explain', cnn, cat, ...known, '-o', out(), '--max-pixels', '1000']);
    expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining('451x300') });
  });

  it('a second run keeps the files of the first, --force replaces them', async () => {
    const to = out();
    const run = (...more: string[]) => seewhy(['explain', cnn, cat, ...known, '-o', to, '-t', '0', ...more]);
    await run();
    const first = statSync(join(to, 'chelsea.gradcam.0.png')).mtimeMs;
    await run();
    expect(files(to)).toEqual([
      'chelsea-2.gradcam.0.json',
      'chelsea-2.gradcam.0.png',
      'chelsea.gradcam.0.json',
      'chelsea.gradcam.0.png',
    ]);
    expect(statSync(join(to, 'chelsea.gradcam.0.png')).mtimeMs).toBe(first);
    await run('--force');
    expect(files(to)).toHaveLength(4);
    expect(statSync(join(to, 'chelsea.gradcam.0.png')).mtimeMs).toBeGreaterThan(first);
    expect(json(join(to, 'chelsea-2.gradcam.0.json')).files.overlay).toBe(join(to, 'chelsea-2.gradcam.0.png'));
  });

  it('a folder that cannot be written to is said before anything is run', async () => {
    const locked = join(scratch, 'locked');
    mkdirSync(locked, { recursive: true });
    chmodSync(locked, 0o555);
    chmodSync(scratch, 0o755);
    // Root may write anywhere: then the command runs as nobody.
    const uid = process.getuid?.() === 0 ? { uid: 65534 } : {};
    const ran = await seewhy(['explain', cnn, cat, ...known, '-o', join(locked, 'results')], uid);
    expect(ran).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/may not be written\. Choose another folder with --out/),
    });
    expect((await seewhy(['explain', cnn, cat, ...known, '-o', join(five, 'x')], uid)).code).toBe(2);
  });

  // A file system of 150 kB of its own, where the system lets a process make one.
  const mounts = spawnSync('unshare', ['-rm', 'true']).status === 0;
  it.runIf(mounts)('a full disk is one clear error, and what was finished is whole', async () => {
    const full = join(scratch, 'full');
    mkdirSync(full, { recursive: true });
    const command = `mount -t tmpfs -o size=150k tmpfs ${full} && "$@"; code=$?; ls -A ${full}/o; exit $code`;
    const args = ['explain', cnn, cat, photo('coffee.png'), ...known, '-o', join(full, 'o')];
    const ran = spawnSync('unshare', ['-rm', 'sh', '-c', command, 'sh', process.execPath, built(), ...args], {
      encoding: 'utf8',
    });
    expect(ran.status).toBe(2);
    expect(ran.stderr).toMatch(/could not be written: the disk is full/);
    expect(ran.stdout).not.toContain('.part');
  });

  it('Ctrl-C: finished files stay and are whole, exit 130', async () => {
    const many = join(scratch, 'many');
    mkdirSync(many, { recursive: true });
    for (let i = 0; i < 300; i++) copyFileSync(cat, join(many, `p${String(i).padStart(3, '0')}.png`));
    const to = out();
    let sent = false;
    const ran = await seewhy(['explain', cnn, many, ...known, '-o', to, '-t', '0', '--jsonl'], {
      onOutput: (text, kill) => {
        if (!sent && text.includes('seewhy/explanation/v1')) {
          sent = true;
          kill('SIGINT');
        }
      },
    });
    expect(ran.code).toBe(130);
    expect(ran.stderr).toContain('Interrupted');
    const made = files(to);
    expect(made.length).toBeGreaterThan(0);
    expect(made.length).toBeLessThan(600);
    expect(made.filter((name) => name.endsWith('.part'))).toEqual([]);
    for (const name of made.filter((name) => name.endsWith('.json'))) explanationRecord.parse(json(join(to, name)));
    const listed = ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).files.overlay.split('/').at(-1));
    expect(made.filter((name) => name.endsWith('.png'))).toEqual(listed);
  });
});

describe('many pictures', () => {
  it('go in batches where the model allows it, with the same maps', async () => {
    const [one, four] = [out(), out()];
    const run = (to: string, batch: string) => explainPhotos(to, '-t', '0', '--save', 'map', '--batch', batch);
    expect((await run(one, '1')).code).toBe(0);
    expect((await run(four, '4')).code).toBe(0);
    for (const name of files(one)) {
      const [a, b] = [npy(join(one, name)).data as Float32Array, npy(join(four, name)).data as Float32Array];
      expect(Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))).toBeLessThan(1e-4);
    }
  });

  it('are drawn on one sheet', async () => {
    const to = out();
    const sheet = join(to, 'sheet.png');
    const { code } = await explainPhotos(to, '--sheet', sheet, '-m', 'gradcam,saliency');
    expect(code).toBe(0);
    expect((await sharp(sheet).metadata()).width).toBeGreaterThan(500);
    await seewhy(['explain', cnn, cat, ...known, '-o', to, '--sheet', sheet]);
    expect(files(to)).toContain('sheet-2.png');
  });

  it('are counted on stderr in plain lines where there is no terminal, and not at all when quiet', async () => {
    const { stdout, stderr } = await seewhy(['explain', cnn, join(scratch, 'photos'), ...known, '-o', out(), '-q']);
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
  });
});

describe('gates', () => {
  it('fail with exit 1 and say how often', async () => {
    const run = (condition: string) =>
      seewhy([
        'explain',
        cnn,
        cat,
        photo('coffee.png'),
        ...known,
        '-o',
        out(),
        '--save',
        'json',
        '--fail-on',
        condition,
      ]);
    expect((await run('probability < 0 or not (confidence >= 0)')).code).toBe(0);
    expect(await run("method == 'gradcam' and target.index in [0, 1, 2, 3, 4]")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('holds for 2 of 2 results'),
    });
    expect((await run('predictions[0].probability > 1% && diagnosis.flat != true')).code).toBe(1);
  });
});
