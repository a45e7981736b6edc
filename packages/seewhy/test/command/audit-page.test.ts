import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { colormap, decodeNpy, defaultColormap } from '@seewhy/core';
import type { Finding } from '@seewhy/report';
import { type Browser, type Page, chromium as playwright } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium } from '../../../../tools/test-support/require.ts';
import pageConfig from '../../../report/vite.config.ts';
import { built, folder, newest, ROOT, seewhy } from './seewhy.ts';

const executable = chromium();
const place = folder('audit-page');
const EXAMPLE = join(ROOT, 'examples/melanoma');
const COUNT = 30;

interface Row {
  readonly id: string;
  readonly path: string;
  readonly cell: 'TP' | 'FN' | 'TN' | 'FP';
  readonly score: number;
  readonly label: string;
  readonly 'gradcam.map': string;
}

/** The page beside the package's code, made again where its sources are newer: the command takes it from there. */
async function builtPage(): Promise<void> {
  const page = join(ROOT, 'packages/report/dist/page.html');
  const made = statSync(page, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (made < newest(join(ROOT, 'packages/report/src'))) await build(pageConfig);
}

/** Fields of a CSV file (RFC 4180), read by its definition. */
function csvRows(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text
    .replace(/^\ufeff/, '')
    .matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)!.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'));
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

describe.skipIf(!executable)('the report that the command writes, in a browser', () => {
  const run = join(place, 'run');
  let browser: Browser;
  let page: Page;
  let rows: Row[];
  let findings: Finding[];
  const problems: string[] = [];
  const address = (hash: string) => `${pathToFileURL(join(run, 'report.html')).href}#${hash}`;
  const mapOf = (row: Row) => {
    const { dims, data } = decodeNpy(readFileSync(join(run, row['gradcam.map'])));
    return { height: dims[0]!, width: dims[1]!, data: data as Float32Array };
  };
  /** 0..255, as the report says that it keeps maps. */
  const byteOf = (value: number) => Math.round(255 * Math.min(1, Math.max(0, value)));
  const open = async (hash: string) => {
    await page.goto(address(hash));
    await page.reload();
    await page.waitForSelector('main h1');
  };

  beforeAll(async () => {
    await builtPage();
    const args = ['audit', 'shortcut.keras', 'manifest.csv', '--limit', String(COUNT), '--threshold', '0.5', '-o', run];
    const { code, stderr } = await seewhy([...args, '--quiet'], { cwd: EXAMPLE });
    expect(code, stderr).toBe(0);
    const lines = readFileSync(join(run, 'predictions.jsonl'), 'utf8').trim().split('\n');
    rows = lines.map((line) => JSON.parse(line));
    findings = JSON.parse(readFileSync(join(run, 'findings.json'), 'utf8'));
    browser = await playwright.launch({
      executablePath: executable!,
      args: ['--no-sandbox', '--no-first-run', '--disable-background-networking', '--disable-sync'],
    });
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, offline: true });
    page = await context.newPage();
    await page.route(/^(?!file:|data:|blob:)/, (route) => {
      problems.push(`request to ${route.request().url()}`);
      return route.abort();
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    // What the policy refuses is told on the console as an error.
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
    });
    page.on('request', (request) => {
      if (request.url().startsWith('file:') && !request.isNavigationRequest()) problems.push(`read ${request.url()}`);
    });
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(place, { recursive: true, force: true });
    expect(problems).toEqual([]);
  });

  it('says the findings of findings.json, the most serious first', async () => {
    await open('');
    const titles = await page.locator('.finding h2').allTextContents();
    const order = ['high', 'medium', 'low'];
    const ordered = [...findings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
    expect(ordered.length).toBeGreaterThan(0);
    expect(titles).toEqual(ordered.map(({ title }) => title));
  });

  it('counts what predictions.jsonl says, at its threshold and at others', async () => {
    await open('view=decisions');
    const shown = () =>
      page
        .locator('[data-count]')
        .evaluateAll((cells) =>
          Object.fromEntries(cells.map((cell) => [(cell as HTMLElement).dataset.count, Number(cell.textContent)])),
        );
    const listed = { TP: 0, FN: 0, FP: 0, TN: 0 };
    for (const { cell } of rows) listed[cell]++;
    expect(rows).toHaveLength(COUNT);
    expect(await shown()).toEqual(listed);
    for (const threshold of [0, 0.25, 0.634, 0.9, 1]) {
      await page.getByRole('slider', { name: 'Threshold', exact: true }).fill(String(threshold));
      const counted = { TP: 0, FN: 0, FP: 0, TN: 0 };
      for (const { score, label } of rows) {
        const decided = score >= threshold;
        counted[label === 'malignant' ? (decided ? 'TP' : 'FN') : decided ? 'FP' : 'TN']++;
      }
      await expect.poll(shown).toEqual(counted);
    }
  });

  it('paints the maps of the run, pixel for pixel', async () => {
    await open('view=pictures&look=heatmap');
    const table = colormap(defaultColormap());
    const tiles = page.locator('.tile:has(canvas)');
    await expect
      .poll(() => tiles.last().evaluate((tile) => tile.querySelector('canvas')!.width))
      .toBe(mapOf(rows[0]!).width);
    const painted = await tiles.evaluateAll((all) =>
      all.map((tile) => {
        const canvas = tile.querySelector('canvas')!;
        const { width, height } = canvas;
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, width, height);
        return { id: (tile as HTMLElement).dataset.id!, width, height, data: [...data] };
      }),
    );
    expect(painted.length).toBeGreaterThan(15);
    for (const { id, width, height, data } of painted) {
      const map = mapOf(rows.find((row) => row.id === id)!);
      expect([width, height]).toEqual([map.width, map.height]);
      const wanted = [...map.data].flatMap((value) => [...table.slice(3 * byteOf(value), 3 * byteOf(value) + 3), 255]);
      expect(data, id).toEqual(wanted);
    }
  });

  it('opens each picture, with its map, and reads its values', async () => {
    await open(`view=pictures&id=${encodeURIComponent(rows[0]!.id)}`);
    const [dx, dy] = [3, 2];
    for (const [i, row] of rows.entries()) {
      await expect.poll(() => page.locator('.viewer h2').textContent()).toContain(row.id);
      const map = mapOf(row);
      await expect
        .poll(() =>
          page
            .locator('.stage canvas.heat')
            .first()
            .evaluate((canvas: HTMLCanvasElement) => canvas.width),
        )
        .toBe(map.width);
      const [image] = await page
        .locator('.stage img')
        .evaluateAll((all) => all.map((one) => (one as HTMLImageElement).naturalWidth));
      expect(image).toBeGreaterThan(0);
      if (i % 6 === 0) {
        await page.locator('.stage').focus();
        for (let k = 0; k < dx; k++) await page.keyboard.press('Shift+ArrowRight');
        for (let k = 0; k < dy; k++) await page.keyboard.press('Shift+ArrowDown');
        const text = (await page.locator('.readout').textContent())!;
        const [, x, y, share] = /x (\d+), y (\d+) .* Grad-CAM (\d\.\d\d)/.exec(text)!;
        const [width, height] = [128, 128];
        // The reading cross stands somewhere in the pixel that it names: one of the map's pixels below it.
        const near = [0.1, 0.5, 0.9].flatMap((u) =>
          [0.1, 0.5, 0.9].map((v) => {
            const at = [((Number(x) + u) / width) * map.width, ((Number(y) + v) / height) * map.height] as const;
            return map.data[Math.floor(at[1]) * map.width + Math.floor(at[0])]!;
          }),
        );
        // Two decimals of a value kept to 1/255.
        const away = Math.min(...near.map((value) => Math.abs(value - Number(share))));
        expect(away, `${row.id}: ${text}`).toBeLessThan(0.5 / 255 + 0.005 + 1e-6);
        await page.locator('.viewer h2').click();
      }
      if (i + 1 < rows.length) await page.keyboard.press('j');
    }
  });

  it('finds a picture again by its link', async () => {
    await open('view=pictures');
    const tile = page.locator('.tile').nth(5);
    const id = (await tile.getAttribute('data-id'))!;
    await tile.click();
    await expect.poll(() => page.url()).toContain(`id=${new URLSearchParams({ id }).toString().slice(3)}`);
    const link = page.url();
    await page.goto('about:blank');
    await page.goto(link);
    expect(await page.locator('.viewer h2').textContent()).toContain(id);
  });

  it('exports the rows of predictions.jsonl', async () => {
    await open('view=pictures');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: /^CSV/ }).click(),
    ]);
    const [head, ...table] = csvRows(readFileSync(await download.path(), 'utf8'));
    const cell = (row: string[], name: string) => row[head!.indexOf(name)];
    expect(
      table.map((row) => ({
        id: cell(row, 'id'),
        path: cell(row, 'path'),
        label: cell(row, 'label'),
        cell: cell(row, 'result'),
        score: Number(cell(row, 'score(malignant)')),
      })),
    ).toEqual(rows.map(({ id, path, label, cell, score }) => ({ id, path, label, cell, score })));
  });

  it('prints the command that makes it again', async () => {
    await open('view=about');
    const command = (await page.locator('pre.command').textContent())!;
    expect(command).toMatch(/^seewhy audit /);
    const again = spawnSync(
      '/bin/sh',
      ['-c', `"$0" "$1" ${command.replace(/^seewhy /, '')} --dry-run`, process.execPath, built()],
      {
        cwd: EXAMPLE,
        encoding: 'utf8',
        env: { ...process.env, NO_COLOR: '1' },
      },
    );
    expect(again.status, again.stderr).toBe(0);
    expect(again.stdout + again.stderr).toContain(`${COUNT}`);
    await page.goto(address('view=about&t=0.3'));
    await page.reload();
    expect(await page.locator('pre.command').textContent()).toContain('--threshold 0.3');
  });
});
