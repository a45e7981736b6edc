import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blankPicture } from '@seewhy/core';
import { SeewhyError } from '@seewhy/onnx';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PanelsRequest, writePanels } from '../../../src/audit/panels/write-panels.ts';
import { decodePicture } from '../../../src/picture/decode.ts';
import { auditRun, binary, explained } from './records.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seewhy-panels-'));
});
afterEach(() => rm(folder, { recursive: true }));

const missing = () => new SeewhyError({ code: 'PICTURE_MISSING', what: 'gone', cure: 'none' });
const map = { width: 8, height: 8, data: new Float32Array(64).fill(1), signed: false };
/** Each picture has a red of its own. */
const reds = (id: string) => blankPicture(16, 16, [100 + Number(id.slice(1)), 0, 1]);
const request = (more: Partial<PanelsRequest>): PanelsRequest => ({
  run: auditRun(),
  records: Array.from({ length: 20 }, (_, i) => binary(`p${i}`, i / 40, 1, { group: `P${i % 3}`, ...explained(0) })),
  folder,
  picture: async (id) => reds(id),
  map: async () => map,
  ...more,
});

/** How many pixels of a PNG have the red of each picture, and the first of them. */
async function redsOf(file: string) {
  const { width, height, data } = await decodePicture(await readFile(join(folder, file)));
  const found = new Map<string, { count: number; x: number; y: number }>();
  for (let i = 0; i < width * height; i++) {
    if (data[i * 3 + 1] !== 0 || data[i * 3 + 2] !== 1) continue;
    const id = `p${data[i * 3]! - 100}`;
    const known = found.get(id);
    if (known) known.count++;
    else found.set(id, { count: 1, x: i % width, y: Math.floor(i / width) });
  }
  return found;
}

describe('writePanels', () => {
  it('writes numbered pages, each picture where the plan puts it', async () => {
    const files = await writePanels(request({}));
    expect(files).toEqual([
      'panels/tp-fn.gradcam.png',
      'panels/tp-fn.gradcam.page-2.png',
      'panels/tn-fp.gradcam.png',
      expect.stringMatching(/^panels\/patient-P[0-2]\.gradcam\.png$/),
      'panels/worst-patients.gradcam.png',
    ]);
    expect((await readdir(join(folder, 'panels'))).sort()).toEqual(files.map((file) => file.slice(7)).sort());
    // 20 false negatives, the most wrong first: 16 on the first page, two in a row.
    const first = await redsOf(files[0]!);
    expect([...first.keys()]).toEqual(Array.from({ length: 16 }, (_, i) => `p${i}`));
    expect([...(await redsOf(files[1]!)).keys()]).toEqual(['p16', 'p17', 'p18', 'p19']);
    for (const { count } of first.values()) expect(count).toBe(144 * 144);
    expect(first.get('p1')!.y).toBe(first.get('p0')!.y);
    expect(first.get('p1')!.x).toBeGreaterThan(first.get('p0')!.x + 3 * 144);
    expect(first.get('p2')!.y).toBeGreaterThan(first.get('p0')!.y + 144);
  });
  it('several methods are further columns, more than four a further figure', async () => {
    const methods = ['gradcam++', 'saliency', 'lime', 'rise', '../evil'].map((name) => ({
      name,
      title: name,
      layers: [],
      signed: false,
    }));
    const records = [binary('p1', 0.1, 1)];
    expect(await writePanels(request({ run: auditRun({ methods }), records }))).toEqual([
      'panels/tp-fn.gradcam++.saliency.lime.rise.png',
      expect.stringMatching(/^panels\/tp-fn\.evil-[0-9a-f]{8}\.png$/),
      'panels/tn-fp.gradcam++.saliency.lime.rise.png',
      expect.stringMatching(/^panels\/tn-fp\.evil-[0-9a-f]{8}\.png$/),
    ]);
    expect(await writePanels(request({ run: auditRun({ methods: [] }), records }))).toEqual([
      'panels/tp-fn.png',
      'panels/tn-fp.png',
    ]);
  });
  it('goes on without a picture or a map that cannot be read, asks for no map that was not made, and passes on what else goes wrong', async () => {
    const asked: string[] = [];
    const records = [binary('p1', 0.1, 1, explained()), binary('p2', 0.2, 1)];
    const files = await writePanels(
      request({
        records,
        picture: async (id) => {
          if (id === 'p1') throw missing();
          return reds(id);
        },
        map: async (id) => {
          asked.push(id);
          throw missing();
        },
      }),
    );
    expect(asked).toEqual(['p1']);
    expect([...(await redsOf(files[0]!)).keys()]).toEqual(['p2']);
    const broken = writePanels(
      request({
        picture: async () => {
          throw new TypeError('a mistake');
        },
      }),
    );
    await expect(broken).rejects.toThrow('a mistake');
  });
  it('stops when asked to, and writes nothing where there is nothing to show', async () => {
    await expect(writePanels(request({ signal: AbortSignal.abort() }))).rejects.toThrow(/abort/i);
    expect(await writePanels(request({ records: [] }))).toEqual([]);
  });
  it('the same twice: the same bytes', async () => {
    const [file] = await writePanels(request({}));
    const first = await readFile(join(folder, file!));
    await writePanels(request({ records: [...request({}).records].reverse() }));
    expect(await readFile(join(folder, file!))).toEqual(first);
  });
});
