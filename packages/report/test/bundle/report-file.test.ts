import { inflateSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { packMap, unpackMap } from '../../src/bundle/map-codec.ts';
import { reportFile } from '../../src/bundle/report-file.ts';
import { ReportReader } from '../../src/bundle/report-reader.ts';
import type { ReportPart } from '../../src/report-data.ts';

const PAGE = '<!doctype html><html><body><main></main></body></html>\n';

async function* each<T>(list: readonly T[]) {
  yield* list;
}

async function written(data: object, parts: readonly ReportPart[], maxBytes?: number) {
  const pieces: Uint8Array[] = [];
  const file = reportFile(PAGE, data, each(parts), { maxBytes });
  for (;;) {
    const { done, value } = await file.next();
    if (done)
      return { html: Buffer.concat(pieces).toString('utf8'), bytes: Buffer.concat(pieces).length, totals: value };
    pieces.push(value);
  }
}

/** Reads the blocks with a regular expression: independent of the page's way through the DOM. */
function read(html: string) {
  const reader = new ReportReader<Record<string, unknown>>();
  for (const [, kind, text] of html.matchAll(/<script type="[^"]+" data-seewhy="([a-z-]+)">([^<]*)<\/script>/g))
    reader.add(kind as never, text!);
  return reader;
}

const noise = (size: number, seed = 1) => {
  let state = seed;
  return Uint8Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
};

const HOSTILE = [
  '</script><script>alert(1)</script>',
  '<!--',
  ']]>',
  '\u202egnp.exe',
  '"\'`',
  '__proto__',
  'a\tb\nc',
  'é'.repeat(10_000),
];

describe('the appended blocks', () => {
  it('bring back data and parts as they were', async () => {
    const data = {
      run: { title: 'a\nb' },
      records: HOSTILE.map((id) => ({ id, text: id })),
      findings: [],
      omitted: ['one', 'two'],
    };
    const parts: ReportPart[] = HOSTILE.flatMap((id, i): ReportPart[] => [
      { kind: 'picture', id, type: 'image/png', bytes: noise(100 + i, i + 1) },
      { kind: 'map', id, method: 'grad<cam', width: 7, height: 5, data: noise(35, i + 20) },
      { kind: 'mask', id, width: 3, height: 2, data: Uint8Array.of(0, 255, 0, 255, 0, 255) },
    ]);
    const { html, totals } = await written(data, parts);
    const reader = read(html);
    expect(reader.data).toEqual(data);
    expect(reader.totals).toEqual(totals);
    expect(totals).toEqual({ written: { picture: 8, map: 8, mask: 8 }, omitted: { picture: 0, map: 0, mask: 0 } });
    HOSTILE.forEach((id, i) => {
      expect(reader.picture({ id })).toEqual({ type: 'image/png', bytes: noise(100 + i, i + 1) });
      const map = reader.plane({ kind: 'map', id, method: 'grad<cam' });
      expect(map).toEqual({ width: 7, height: 5, data: noise(35, i + 20) });
      expect(reader.plane({ kind: 'mask', id })?.data).toEqual(Uint8Array.of(0, 255, 0, 255, 0, 255));
    });
    expect(reader.has({ kind: 'map', id: 'a', method: 'gradcam' })).toBe(false);
    expect(reader.picture({ id: 'nothing of that name' })).toBeUndefined();
  });

  it('hold nothing a browser could take for markup', async () => {
    const { html } = await written({ records: HOSTILE.map((id) => ({ id })) }, []);
    const appended = html.slice(html.indexOf('<script'));
    expect(
      appended.replaceAll(/<script type="application\/octet-stream" data-seewhy="[a-z-]+">|<\/script>/g, ''),
    ).toMatch(/^[A-Za-z0-9+/=.\s]*<\/body><\/html>\n$/);
  });

  it('keep two runs apart', async () => {
    const map = (side: 'a' | 'b', value: number): ReportPart => {
      return { kind: 'map', id: 'x', method: 'gradcam', side, width: 2, height: 1, data: Uint8Array.of(value, value) };
    };
    const reader = read((await written({}, [map('a', 1), map('b', 2)])).html);
    expect(reader.plane({ kind: 'map', id: 'x', method: 'gradcam', side: 'a' })?.data[0]).toBe(1);
    expect(reader.plane({ kind: 'map', id: 'x', method: 'gradcam', side: 'b' })?.data[0]).toBe(2);
  });

  it('are many for much data, and of one size', async () => {
    const records = Array.from({ length: 4000 }, (_, i) => ({
      id: `p${i}`,
      grid: Buffer.from(noise(600, i + 1)).toString('base64'),
    }));
    const parts = Array.from({ length: 40 }, (_, i): ReportPart => {
      return { kind: 'picture', id: `p${i}`, type: 'image/jpeg', bytes: noise(100_000, i + 1) };
    });
    const { html } = await written({ records }, parts);
    const sizes = [...html.matchAll(/data-seewhy="([a-z-]+)">([^<]*)</g)].map(([, kind, text]) => ({
      kind,
      size: text!.length,
    }));
    expect(sizes.filter(({ kind }) => kind === 'data').length).toBeGreaterThan(0);
    expect(sizes.filter(({ kind }) => kind === 'parts').length).toBeGreaterThan(2);
    expect(Math.max(...sizes.map(({ size }) => size))).toBeLessThan(3e6);
    const reader = read(html);
    expect(reader.data).toEqual({ records });
    expect(reader.picture({ id: 'p39' })?.bytes).toEqual(noise(100_000, 40));
  });

  it('stay below the largest size, and say what was left out', async () => {
    const parts = Array.from({ length: 50 }, (_, i): ReportPart => {
      return { kind: 'picture', id: `p${i}`, type: 'image/jpeg', bytes: noise(10_000, i + 1) };
    });
    const { html, bytes, totals } = await written({ records: [] }, parts, 200_000);
    expect(bytes).toBeLessThanOrEqual(200_000);
    expect(bytes).toBeGreaterThan(180_000);
    expect(totals.written.picture + totals.omitted.picture).toBe(50);
    expect(totals.omitted.picture).toBeGreaterThan(30);
    expect(read(html).totals).toEqual({ ...totals, maxBytes: 200_000 });
    expect(read(html).size).toBe(totals.written.picture);
  });

  it('refuse what cannot be', async () => {
    await expect(written({ records: [noise(5000)] }, [], 3000)).rejects.toMatchObject({ code: 'REPORT_TOO_LARGE' });
    await expect(reportFile('<p>no page', {}, each([])).next()).rejects.toMatchObject({ code: 'REPORT_PAGE_INVALID' });
    const wrong: ReportPart = { kind: 'mask', id: 'x', width: 3, height: 3, data: noise(8) };
    await expect(written({}, [wrong])).rejects.toMatchObject({ code: 'MAP_SIZE_INVALID' });
    for (const kind of ['data-end', 'parts', 'end'] as const)
      expect(() => new ReportReader().add(kind, 'AAAA')).toThrow(expect.objectContaining({ code: 'REPORT_DAMAGED' }));
  });
});

describe('packed maps', () => {
  it('come back exactly, and a bilinear map takes a sixth', () => {
    const side = 224;
    const cells = noise(49, 3);
    const at = (x: number, y: number) => cells[Math.min(6, y) * 7 + Math.min(6, x)]!;
    const smooth = Uint8Array.from({ length: side * side }, (_, i) => {
      const [x, y] = [((i % side) / side) * 6, (Math.floor(i / side) / side) * 6];
      const [u, v] = [x % 1, y % 1];
      const [left, top] = [Math.floor(x), Math.floor(y)];
      const upper = at(left, top) * (1 - u) + at(left + 1, top) * u;
      const lower = at(left, top + 1) * (1 - u) + at(left + 1, top + 1) * u;
      return upper * (1 - v) + lower * v;
    });
    const packed = packMap(smooth, side, side);
    expect(unpackMap(packed, side, side)).toEqual(smooth);
    expect(packed.length).toBeLessThan(smooth.length / 6);
    // The differences were deflated as a raw stream: any inflater reads it.
    expect(inflateSync(packed.subarray(1)).length).toBe(side * side);
    const rough = noise(60);
    expect(unpackMap(packMap(rough, 10, 6), 10, 6)).toEqual(rough);
    expect(unpackMap(packMap(rough, 10, 6), 10, 5)).toBeUndefined();
    expect(unpackMap(new Uint8Array(0), 1, 1)).toBeUndefined();
  });
});
