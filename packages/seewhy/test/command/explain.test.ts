import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeNpy, encodeNpy } from '@seewhy/core';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { explanationDocument, explanationRecord, failureRecord } from '../../src/schema.ts';
import { built, files, folder, model, photo, seewhy } from './seewhy.ts';

const cnn = model('tiny-cnn');
const cat = photo('chelsea.png');
const scratch = folder('explain');
const five = join(scratch, 'five.txt');
const known = ['--labels', five, '--preprocess', 'unit'];
let round = 0;
/** A new folder for results. */
const out = () => join(scratch, `out${++round}`);
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const npy = (path: string) => decodeNpy(readFileSync(path));

beforeAll(async () => {
  writeFileSync(five, 'tabby cat\ntiger cat\nlynx\ndog\nbird, robin\n');
  mkdirSync(join(scratch, 'photos/more'), { recursive: true });
  copyFileSync(cat, join(scratch, 'photos/cat.png'));
  copyFileSync(photo('rocket.jpg'), join(scratch, 'photos/rocket.jpg'));
  copyFileSync(photo('coffee.png'), join(scratch, 'photos/more/cat.png'));
  writeFileSync(join(scratch, 'photos/notes.txt'), 'no picture');
});

describe('one picture', () => {
  it('writes overlay and record by default, and says what it saw', async () => {
    const to = out();
    const { code, stdout, stderr } = await seewhy(['explain', cnn, cat, ...known, '-o', to]);
    expect(code).toBe(0);
    const [first] = files(to);
    const index = first!.split('.')[2];
    expect(files(to)).toEqual([`chelsea.gradcam.${index}.json`, `chelsea.gradcam.${index}.png`]);
    expect(stdout).toContain(`gradcam for ${index} `);
    expect(stderr).toBe('');
    const record = explanationRecord.strict().parse(json(join(to, first!)));
    expect(record).toMatchObject({
      schema: 'seewhy/explanation/v1',
      method: 'gradcam',
      target: { kind: 'class', asked: 'top', index: Number(index), score: 'logit' },
      layers: [{ name: 'features.5', chosen: true }],
      source: { path: cat, width: 451, height: 300 },
      model: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      files: { overlay: join(to, `chelsea.gradcam.${index}.png`) },
    });
    expect(record.predictions).toHaveLength(5);
    expect(record.predictions.reduce((sum, { probability }) => sum + probability!, 0)).toBeCloseTo(1);
    const { width, height } = await sharp(join(to, `chelsea.gradcam.${index}.png`)).metadata();
    expect({ width, height }).toEqual({ width: 451, height: 300 });
  });

  it('saves every kind, with the shapes of the contract', async () => {
    const to = out();
    const { code } = await seewhy([
      'explain',
      cnn,
      cat,
      ...known,
      '-o',
      to,
      '--save',
      'all',
      '-m',
      'gradcam,saliency',
      '-t',
      '1',
    ]);
    expect(code).toBe(0);
    const kinds = ['heatmap.png', 'json', 'map.npy', 'panel.png', 'png', 'raw.npy'];
    expect(files(to)).toEqual(
      ['gradcam', 'saliency'].flatMap((method) => kinds.map((kind) => `chelsea.${method}.1.${kind}`)),
    );
    const shape = (name: string) => ({ type: npy(join(to, name)).type, dims: npy(join(to, name)).dims });
    expect(shape('chelsea.gradcam.1.map.npy')).toEqual({ type: 'float32', dims: [32, 32] });
    expect(shape('chelsea.gradcam.1.raw.npy')).toEqual({ type: 'float32', dims: [16, 16] });
    expect(shape('chelsea.saliency.1.raw.npy')).toEqual({ type: 'float32', dims: [3, 32, 32] });
    expect(json(join(to, 'chelsea.saliency.1.json')).files.raw).toBe(join(to, 'chelsea.saliency.1.raw.npy'));
  });

  it('writes one file under its own name', async () => {
    mkdirSync(join(scratch, 'single'), { recursive: true });
    const at = (name: string) => join(scratch, 'single', name);
    for (const name of ['why.png', 'map.npy', 'record.json'])
      expect((await seewhy(['explain', cnn, cat, ...known, '-o', at(name)])).code).toBe(0);
    expect((await seewhy(['explain', cnn, cat, ...known, '-o', at('raw.npy'), '--save', 'raw'])).code).toBe(0);
    expect(files(at(''))).toEqual(['map.npy', 'raw.npy', 'record.json', 'why.png']);
    expect(npy(at('raw.npy')).dims).toEqual([16, 16]);
    const again = await seewhy(['explain', cnn, cat, ...known, '-o', at('why.png')]);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('exists already') });
    expect((await seewhy(['explain', cnn, cat, ...known, '-o', at('why.png'), '--force'])).code).toBe(0);
  });

  it('takes targets by index, label, rank and contrast', async () => {
    const to = out();
    const args = ['-t', '0', '-t', 'Tiger Cat', '-t', 'robin', '-t', 'dog-lynx', '-t', '4-0'];
    expect((await seewhy(['explain', cnn, cat, ...known, '-o', to, '--save', 'json', ...args])).code).toBe(0);
    expect(files(to)).toEqual(['0', '1', '3-2', '4-0', '4'].map((slug) => `chelsea.gradcam.${slug}.json`));
    expect(json(join(to, 'chelsea.gradcam.3-2.json')).target).toMatchObject({
      kind: 'contrast',
      asked: 'dog-lynx',
      label: 'dog',
      against: { index: 2, label: 'lynx' },
    });
    const three = out();
    expect((await seewhy(['explain', cnn, cat, ...known, '-o', three, '--save', 'map', '-t', 'top:3'])).code).toBe(0);
    expect(files(three)).toHaveLength(3);
    const all = out();
    expect((await seewhy(['explain', cnn, cat, ...known, '-o', all, '--save', 'map', '-t', 'all'])).code).toBe(0);
    expect(files(all)).toHaveLength(5);
    // A class is explained the same way however it was named.
    expect(npy(join(all, 'chelsea.gradcam.1.map.npy')).data).toHaveLength(1024);
  });

  it('takes layers, score, fusion and preset', async () => {
    const to = out();
    const args = ['-l', 'features.1,features.5', '--fusion', 'mean', '-m', 'layercam', '-t', '2', '--save', 'json,raw'];
    expect((await seewhy(['explain', cnn, cat, ...known, '-o', to, ...args])).code).toBe(0);
    expect(files(to)).toEqual([
      'chelsea.layercam.2.features.1.raw.npy',
      'chelsea.layercam.2.features.5.raw.npy',
      'chelsea.layercam.2.json',
    ]);
    const record = json(join(to, 'chelsea.layercam.2.json'));
    expect(record.provenance.options).toMatchObject({ fusion: 'mean', score: 'logit' });
    expect(record.layers.map((layer: { chosen: boolean }) => layer.chosen)).toEqual([false, false]);
    const other = out();
    const peer = [
      '--score',
      'probability',
      '--preset',
      'pytorch-grad-cam',
      '--colormap',
      'jet',
      '--opacity',
      '40%',
      '--seed',
      '7',
    ];
    expect((await seewhy(['explain', cnn, cat, ...known, '-o', other, '-t', '2', ...peer])).code).toBe(0);
    expect(json(join(other, 'chelsea.gradcam.2.json'))).toMatchObject({
      target: { score: 'probability' },
      provenance: { preset: 'pytorch-grad-cam', options: { seed: 7 } },
    });
  });
});

describe('what is read', () => {
  it('a picture from standard input', async () => {
    const to = out();
    const { code } = await seewhy(['explain', cnn, '-', ...known, '-o', to, '-t', '0'], { stdin: readFileSync(cat) });
    expect({ code, made: files(to) }).toEqual({ code: 0, made: ['stdin.gradcam.0.json', 'stdin.gradcam.0.png'] });
  });

  it('a tensor, as it is: the same map as the picture it was made of', async () => {
    const data = Float32Array.from({ length: 2 * 3 * 32 * 32 }, (_, i) => Math.sin(i / 7));
    const path = join(scratch, 'two.npy');
    writeFileSync(path, encodeNpy({ dims: [2, 3, 32, 32], data }));
    const one = join(scratch, 'one.npy');
    writeFileSync(one, encodeNpy({ dims: [3, 32, 32], data: Float64Array.from(data.subarray(0, 3072)) }));
    const to = out();
    expect((await seewhy(['explain', cnn, path, one, '-o', to, '-t', '0', '--save', 'raw,overlay'])).code).toBe(0);
    expect(files(to)).toEqual(
      ['one', 'two.0', 'two.1'].flatMap((stem) => [`${stem}.gradcam.0.png`, `${stem}.gradcam.0.raw.npy`]),
    );
    expect(npy(join(to, 'one.gradcam.0.raw.npy')).data).toEqual(npy(join(to, 'two.0.gradcam.0.raw.npy')).data);
    const bad = join(scratch, 'bad.npy');
    writeFileSync(bad, encodeNpy({ dims: [1, 3, 16, 32], data: new Float32Array(1536) }));
    expect(await seewhy(['explain', cnn, bad, '-o', to])).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('has the shape [1, 3, 16, 32], the model takes [N, 3, 32, 32]'),
    });
  });

  it('a folder with what lies below it, and equal names numbered', async () => {
    const to = out();
    const { code, stderr } = await seewhy([
      'explain',
      cnn,
      join(scratch, 'photos'),
      ...known,
      '-o',
      to,
      '-t',
      '0',
      '--save',
      'json',
    ]);
    expect({ code, made: files(to) }).toEqual({
      code: 0,
      made: ['cat-2.gradcam.0.json', 'cat.gradcam.0.json', 'rocket.gradcam.0.json'],
    });
    expect(stderr).toContain('1 file that is not a picture was left out');
    expect(json(join(to, 'cat.gradcam.0.json')).source.path).toBe(join(scratch, 'photos/cat.png'));
    expect(json(join(to, 'cat-2.gradcam.0.json')).source.path).toBe(join(scratch, 'photos/more/cat.png'));
  });

  it('a pattern, and the same file named twice once', async () => {
    const to = out();
    const args = ['photos/*.{png,jpg}', 'photos/cat.png'];
    const { code, stderr } = await seewhy(['explain', cnn, ...args, ...known, '-o', to, '-t', '0', '--save', 'json'], {
      cwd: scratch,
    });
    expect({ code, made: files(to) }).toEqual({ code: 0, made: ['cat.gradcam.0.json', 'rocket.gradcam.0.json'] });
    expect(stderr).toContain('named twice');
  });

  it('manifests, relative to themselves, with further columns kept', async () => {
    writeFileSync(
      join(scratch, 'data.csv'),
      '\uFEFFPath,label,"patient, id"\r\nphotos/cat.png,1,"a ""b"""\r\n"photos/rocket.jpg",3,c\r\n\r\n',
    );
    writeFileSync(join(scratch, 'data.jsonl'), '{"path": "photos/cat.png", "label": 1}\n"photos/rocket.jpg"\n');
    const to = out();
    expect(
      (await seewhy(['explain', cnn, join(scratch, 'data.csv'), ...known, '-o', to, '-t', '0', '--save', 'json'])).code,
    ).toBe(0);
    expect(json(join(to, 'cat.gradcam.0.json')).source.fields).toEqual({ label: '1', 'patient, id': 'a "b"' });
    const lines = await seewhy(['explain', cnn, join(scratch, 'data.jsonl'), ...known, '-o', out(), '--jsonl', '-q']);
    const records = lines.stdout
      .trim()
      .split('\n')
      .map((line) => explanationRecord.parse(JSON.parse(line)));
    expect(records.map((record) => record.source.fields)).toEqual([{ label: 1 }, undefined]);
    writeFileSync(join(scratch, 'bad.csv'), 'name,label\ncat,1\n');
    expect(await seewhy(['explain', cnn, join(scratch, 'bad.csv')])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("has no column 'path' (row 1 has: name, label)"),
    });
  });

  it('pictures of every kind: 1×1, one bit, 16 bits, CMYK, alpha, upright by EXIF, animated', async () => {
    const kinds = join(scratch, 'kinds');
    mkdirSync(kinds, { recursive: true });
    const base = sharp(cat).resize(60, 40);
    await sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
      .png()
      .toFile(join(kinds, 'dot.png'));
    await base.clone().greyscale().threshold().png({ palette: true, colours: 2 }).toFile(join(kinds, 'bit.png'));
    await base.clone().toColourspace('rgb16').png().toFile(join(kinds, 'deep.png'));
    await base.clone().toColourspace('cmyk').jpeg().toFile(join(kinds, 'ink.jpg'));
    await base.clone().ensureAlpha(0.5).png().toFile(join(kinds, 'alpha.png'));
    await base.clone().withMetadata({ orientation: 6 }).jpeg().toFile(join(kinds, 'turned.jpg'));
    await sharp([cat, photo('coffee.png')].map((input) => input)[0]!)
      .resize(30, 20)
      .gif()
      .toFile(join(kinds, 'film.gif'));
    const { code, stdout, stderr } = await seewhy([
      'explain',
      cnn,
      kinds,
      ...known,
      '-o',
      out(),
      '--json',
      '--size',
      '32',
    ]);
    expect({ code, stderr: stderr.includes('failed') }).toEqual({ code: 0, stderr: false });
    const document = explanationDocument.parse(JSON.parse(stdout));
    const sizes = Object.fromEntries(
      document.results.map(({ source }) => [source.path.split('/').at(-1), [source.width, source.height]]),
    );
    expect(sizes).toMatchObject({
      'dot.png': [1, 1],
      'turned.jpg': [40, 60],
      'alpha.png': [60, 40],
      'ink.jpg': [60, 40],
    });
  });
});

describe('machine output', () => {
  it('is one document that fits its schema, with nothing else on stdout', async () => {
    writeFileSync(join(scratch, 'empty.png'), '');
    const args = [cat, join(scratch, 'empty.png'), '-o', out(), '--json', '--top', '2', '--fail-on', 'probability > 2'];
    const { code, stdout } = await seewhy(['explain', cnn, ...args, ...known]);
    expect(code).toBe(4);
    const document = explanationDocument.strict().parse(JSON.parse(stdout));
    expect(document).toMatchObject({
      status: 'done',
      exitCode: 4,
      gates: [{ condition: 'probability > 2', failed: 0 }],
    });
    expect(document.results[0]!.predictions).toHaveLength(2);
    expect(document.failures).toMatchObject([{ error: { code: 'PICTURE_EMPTY' } }]);
  });

  it('a gate that failed says more than an input that did', async () => {
    writeFileSync(join(scratch, 'empty.png'), '');
    const args = [cat, join(scratch, 'empty.png'), '-o', out(), '--json', '--fail-on', 'probability <= 1'];
    const { code, stdout } = await seewhy(['explain', cnn, ...args, ...known]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 1, failures: [{}], gates: [{ failed: 1 }] });
  });

  it('is a stream with --jsonl, failures among the records in order', async () => {
    writeFileSync(join(scratch, 'broken.png'), readFileSync(cat).subarray(0, 5000));
    const sources = [cat, join(scratch, 'broken.png'), photo('coffee.png')];
    const { code, stdout, stderr } = await seewhy(['explain', cnn, ...sources, ...known, '-o', out(), '--jsonl', '-q']);
    expect(code).toBe(4);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => line.schema)).toEqual([
      'seewhy/explanation/v1',
      'seewhy/failure/v1',
      'seewhy/explanation/v1',
    ]);
    failureRecord.strict().parse(lines[1]);
    expect(stderr).toContain('damaged or cut off');
  });

  it('of a dry run tells everything and writes nothing', async () => {
    const to = out();
    const args = [join(scratch, 'photos'), ...known, '-o', to, '-m', 'layercam', '-t', '1', '--dry-run'];
    const { code, stdout } = await seewhy(['explain', cnn, ...args, '--json']);
    expect({ code, made: files(to) }).toEqual({ code: 0, made: [] });
    const plan = JSON.parse(stdout);
    expect(plan).toMatchObject({
      methods: [{ name: 'layercam' }],
      layers: [{ name: 'features.5' }],
      pictures: 3,
      runs: 3,
      files: { count: 6 },
    });
    expect(plan.files.names).toContain(join(to, 'rocket.layercam.1.png'));
    expect((await seewhy(['explain', cnn, ...args])).stdout).toContain('Dry run: nothing is run');
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
    const run = (to: string, batch: string) =>
      seewhy([
        'explain',
        cnn,
        join(scratch, 'photos'),
        ...known,
        '-o',
        to,
        '-t',
        '0',
        '--save',
        'map',
        '--batch',
        batch,
      ]);
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
    const { code } = await seewhy([
      'explain',
      cnn,
      join(scratch, 'photos'),
      ...known,
      '-o',
      to,
      '--sheet',
      sheet,
      '-m',
      'gradcam,saliency',
    ]);
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

describe('models of many kinds', () => {
  it.each([
    ['tiny-binary', []],
    ['tiny-grey', []],
    ['tiny-nhwc', []],
    ['tiny-vit', []],
    ['tiny-swin', []],
    ['tiny-fp16', []],
    ['tiny-external', []],
    ['tiny-opset9', []],
    ['tiny-qdq', []],
    ['tiny-fixed-batch', ['--batch', '2']],
    ['tiny-segmentation', ['-t', '1']],
    ['tiny-functions', []],
    ['tiny-if', []],
  ])('%s', async (name, more) => {
    const to = out();
    const args = ['-o', to, '-m', 'gradcam,saliency', '--preprocess', 'unit', ...more];
    const { code, stderr } = await seewhy(['explain', model(name), cat, ...args]);
    expect({ code, stderr: stderr.includes('error') }).toEqual({ code: 0, stderr: false });
    expect(files(to)).toHaveLength(4);
  });

  it('two inputs, the second from a .npy file', async () => {
    const vector = join(scratch, 'vector.npy');
    writeFileSync(vector, encodeNpy({ dims: [1, 5], data: Float64Array.of(1, 2, 3, 4, 5) }));
    const args = ['--input', `vector=${vector}`, '-o', out(), '--preprocess', 'unit'];
    expect((await seewhy(['explain', model('tiny-two-inputs'), cat, ...args])).code).toBe(0);
  });

  it('on onnxruntime-web where onnxruntime-node does not load, and says so', async () => {
    const native = out();
    const wasm = out();
    await seewhy(['explain', cnn, cat, ...known, '-o', native, '-t', '0', '--save', 'map']);
    const ran = await seewhy(['explain', cnn, cat, ...known, '-o', wasm, '-t', '0', '--save', 'map'], {
      env: { SEEWHY_RUNTIME: 'wasm' },
    });
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('Running on onnxruntime-web'),
    });
    const read = (to: string) => npy(join(to, 'chelsea.gradcam.0.map.npy')).data as Float32Array;
    const [a, b] = [read(native), read(wasm)];
    expect(Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))).toBeLessThan(1e-4);
  });
});

describe('labels and preprocessing beside the model', () => {
  it('are found in the Hugging Face layout, and their names stand in the record', async () => {
    const home = join(scratch, 'hub');
    mkdirSync(join(home, 'onnx'), { recursive: true });
    copyFileSync(cnn, join(home, 'onnx/model.onnx'));
    writeFileSync(join(home, 'config.json'), JSON.stringify({ id2label: { 0: 'a', 1: 'b', 2: 'c', 3: 'd', 4: 'e' } }));
    writeFileSync(
      join(home, 'preprocessor_config.json'),
      JSON.stringify({ size: 32, image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] }),
    );
    const { code, stdout } = await seewhy(['inspect', join(home, 'onnx/model.onnx'), '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      classes: { labels: ['a', 'b', 'c', 'd', 'e'], labelsFrom: join(home, 'config.json') },
      preprocess: { from: join(home, 'preprocessor_config.json'), guessed: false, mean: [0.5, 0.5, 0.5] },
    });
  });
});
