import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32c, decodeEvent, EventWriter, encodeEvent, lastSteps, MemoryFolder, readEvents } from '@seewhy/training';
import { DiskFolder } from '@seewhy/training/node';
import fc from 'fast-check';
import { encode } from 'fast-png';
import { afterAll, describe, expect, it } from 'vitest';
import { pythonPeers } from '../../../../tools/test-support/require.ts';
import { frameRecord, readRecords } from '../../src/tensorboard/records.ts';
import { seenByTensorBoard } from './seen-by-tensorboard.ts';

const folders: string[] = [];
const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'seewhy-events-'));
  folders.push(path);
  return path;
};
afterAll(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

/** Pixels that differ at every place. */
const pixels = (width: number, height: number, seed: number) =>
  Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 37 + seed * 101 + (at >> 5)) % 256);

const image = (tag: string, width: number, height: number, seed: number) => ({
  kind: 'image' as const,
  tag,
  width,
  height,
  png: encode({ width, height, channels: 3, depth: 8, data: pixels(width, height, seed) }),
});

describe('records', () => {
  it("has the checksums of RFC 3720's examples", () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, at) => at))).toBe(0x46dd794e);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, at) => 31 - at))).toBe(0x113fdb5c);
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  });

  it('gives back what was framed, and stops at the first byte that is cut off or changed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }),
        fc.nat(),
        fc.nat(),
        (list, cut, flip) => {
          const file = Buffer.concat(list.map(frameRecord));
          expect(readRecords(file)).toEqual({
            records: list.map((one) => Buffer.from(one)),
            end: 'whole',
            length: file.length,
          });
          if (file.length === 0) return;
          const shorter = readRecords(file.subarray(0, cut % file.length));
          expect(shorter.records).toEqual(list.slice(0, shorter.records.length).map((one) => Buffer.from(one)));
          const damaged = Buffer.from(file);
          damaged[flip % file.length]! ^= 0x40;
          const read = readRecords(damaged);
          expect(read.end).not.toBe('whole');
          expect(read.records).toEqual(list.slice(0, read.records.length).map((one) => Buffer.from(one)));
        },
      ),
    );
  });

  it('never throws on bytes that are no event file', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        readEvents(bytes);
        decodeEvent(bytes);
        expect(readEvents(frameRecord(bytes)).events.length).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('events', () => {
  it('reads what it wrote', () => {
    const event = {
      wallTime: 1234.5,
      step: 2 ** 40,
      values: [
        image('gradcam/a', 3, 2, 1),
        { kind: 'scalar' as const, tag: 'loss', value: 0.25 },
        { kind: 'text' as const, tag: 'run', text: '# ünï' },
      ],
    };
    expect(decodeEvent(encodeEvent(event))).toEqual(event);
  });

  it('gives each writer a file of its own, whatever the clock says', async () => {
    const place = new DiskFolder(folder());
    const same = { host: 'box', process: 7, now: () => 1_700_000_000_000 };
    const writers = Array.from({ length: 4 }, () => new EventWriter(place, same));
    await Promise.all(writers.map((writer, at) => writer.write(0, [{ kind: 'scalar', tag: `w${at}`, value: at }])));
    await Promise.all(writers.map((writer) => writer.close()));
    expect(readdirSync(place.name).sort()).toEqual(
      [0, 1, 2, 3].map((n) => `events.out.tfevents.1700000000.box.7.${n}`),
    );
    expect([...(await lastSteps(place)).keys()].sort()).toEqual(['w0', 'w1', 'w2', 'w3']);
    await expect(writers[0]!.write(1, [])).rejects.toMatchObject({ code: 'EVENT_FILE_CLOSED' });
  });

  it('two processes that ask for the same name write side by side, and one that is killed harms nothing', async () => {
    const place = new DiskFolder(folder());
    const start = (tag: string, steps: number) => {
      const script = fileURLToPath(new URL('write-events.ts', import.meta.url));
      const child = spawn(process.execPath, ['--import', 'tsx', script, place.name, tag, String(steps)], {
        cwd: fileURLToPath(new URL('../../../..', import.meta.url)),
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      return { child, ready: once(child.stdout, 'data'), gone: once(child, 'exit') };
    };
    const whole = ['a', 'b'].map((tag) => start(tag, 200));
    const killed = start('killed', 1e9);
    const all = [...whole, killed];
    await Promise.all(all.map(({ ready }) => ready));
    for (const { child } of all) child.stdin.write('go');
    expect((await Promise.all(whole.map(({ gone }) => gone))).map(([code]) => code)).toEqual([0, 0]);
    while (!((await lastSteps(place)).get('killed')! > 3)) await new Promise((resolve) => setTimeout(resolve, 20));
    killed.child.kill('SIGKILL');
    await killed.gone;

    const files = readdirSync(place.name).sort();
    expect(files).toEqual([0, 1, 2].map((n) => `events.out.tfevents.1700000000.box.7.${n}`));
    const found = files.map((file) => readEvents(readFileSync(join(place.name, file))));
    const texts = found.map(({ events }) =>
      events.flatMap(({ step, values }) => values.map((value) => ({ step, tag: value.tag, value }))),
    );
    for (const [at, list] of texts.entries()) {
      const { tag } = list[0]!;
      // Each file holds one writer's records, in order, unmixed.
      for (const [step, one] of list.entries())
        expect(one).toEqual({ step, tag, value: { kind: 'text', tag, text: `${tag} ${step} `.repeat(500) } });
      if (tag === 'killed') continue;
      expect(list).toHaveLength(200);
      expect(found[at]!.end).toBe('whole');
    }
    expect(texts.map(([first]) => first!.tag).sort()).toEqual(['a', 'b', 'killed']);
  });

  it('refuses a step that is no whole number', () => {
    const writer = new EventWriter(new MemoryFolder());
    expect(() => writer.write(0.5, [])).toThrow(expect.objectContaining({ code: 'STEP_INVALID' }));
  });
});

const python = pythonPeers('tensorflow');
describe.skipIf(!python)("read by Python's tensorboard", () => {
  it('finds every picture, number and text, pixel by pixel', async () => {
    const path = folder();
    const writer = new EventWriter(new DiskFolder(join(path, 'run')), { host: 'box' });
    for (let step = 0; step < 15; step++) {
      await writer.write(step, [
        image('gradcam/cat', 17, 9, step),
        image('saliency/cat', 5, 31, step + 100),
        { kind: 'scalar', tag: 'entropy/gradcam/cat', value: step / 8 },
      ]);
    }
    await writer.write(0, [{ kind: 'text', tag: 'explanations', text: '| a | b |\n|---|---|\n| ü | 1 |' }]);
    await writer.close();

    const seen = seenByTensorBoard(python!, path);
    expect(seen.images).toHaveLength(30);
    for (const one of seen.images) {
      const seed = one.tag === 'gradcam/cat' ? one.step : one.step + 100;
      const [width, height] = one.tag === 'gradcam/cat' ? [17, 9] : [5, 31];
      expect([one.run, one.width, one.height, ...one.shape]).toEqual(['run', width, height, height, width, 3]);
      expect(Buffer.from(one.pixels, 'base64').equals(pixels(width!, height!, seed))).toBe(true);
      expect(Math.abs(one.wallTime - Date.now() / 1000)).toBeLessThan(600);
    }
    expect(seen.scalars.map(({ step, value }) => [step, value])).toEqual(
      Array.from({ length: 15 }, (_, n) => [n, n / 8]),
    );
    expect(seen.text).toEqual([{ run: 'run', tag: 'explanations', step: 0, text: '| a | b |\n|---|---|\n| ü | 1 |' }]);
  });

  it('goes on in a file of its own after a run that was stopped within a record', async () => {
    const path = folder();
    const place = new DiskFolder(path);
    const first = new EventWriter(place, { now: () => 1_700_000_000_000 });
    for (const step of [0, 1, 2]) await first.write(step, [image('gradcam/cat', 4, 4, step)]);
    await first.close();
    const [name] = readdirSync(path);
    const whole = readFileSync(join(path, name!));
    writeFileSync(join(path, name!), whole.subarray(0, whole.length - 11));
    expect(readEvents(readFileSync(join(path, name!)))).toMatchObject({ end: 'truncated', events: { length: 3 } });
    expect(await lastSteps(place)).toEqual(new Map([['gradcam/cat', 1]]));

    const second = new EventWriter(place, { now: () => 1_700_000_100_000 });
    for (const step of [2, 3]) await second.write(step, [image('gradcam/cat', 4, 4, step)]);
    await second.close();
    const seen = seenByTensorBoard(python!, path);
    expect(seen.images.map(({ step }) => step)).toEqual([0, 1, 2, 3]);

    appendFileSync(join(path, readdirSync(path).sort()[1]!), Buffer.from('no record at all'));
    expect(seenByTensorBoard(python!, path).images.map(({ step }) => step)).toEqual([0, 1, 2, 3]);
  });
});
