import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium } from '../../../../tools/test-support/require.ts';
import { ReportBrowser } from '../support/open-report.ts';
import { syntheticComparison } from '../support/synthetic-comparison.ts';
import { HOSTILE_IDS, syntheticReport } from '../support/synthetic-report.ts';

const executable = chromium();
const binary = syntheticReport({ count: 90, methods: ['gradcam', 'lrp'] });
const { records } = binary.data;

/** Counted here, one by one, from the records. */
function cellsAt(threshold: number) {
  const counts = { TP: 0, FN: 0, FP: 0, TN: 0 };
  for (const { scores, label } of records) {
    const score = scores.find(([index]) => index === 1)![1];
    const positive = score >= threshold;
    counts[label!.includes(1) ? (positive ? 'TP' : 'FN') : positive ? 'FP' : 'TN']++;
  }
  return counts;
}

const shownCells = (page: Page) =>
  page.evaluate(() =>
    Object.fromEntries(
      [...document.querySelectorAll<HTMLElement>('[data-count]')].map((e) => [e.dataset.count, Number(e.textContent)]),
    ),
  );

describe.skipIf(!executable)('the page of a report', () => {
  let browser: ReportBrowser;
  let url = '';
  beforeAll(async () => {
    browser = await ReportBrowser.start(executable!);
    ({ url } = await browser.write('binary', binary));
  });
  afterAll(() => browser?.stop());

  it('is one small file with a strict policy', () => {
    const scripts = [...browser.page.matchAll(/<script>([\s\S]*?)<\/script>/g)];
    expect(scripts).toHaveLength(1);
    expect(scripts[0]![1]!.length).toBeLessThan(176_500);
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(browser.page)![1]!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(browser.page).not.toMatch(/(src|href)="(https?:)?\/\//);
  });

  it('opens at the findings, without a request or a complaint', async () => {
    const { page, problems } = await browser.open(url);
    expect(await page.locator('h1').textContent()).toBe('Findings');
    expect(await page.locator('.finding h2').first().textContent()).toBe(binary.data.findings[0]!.title);
    const severities = await page.locator('.severity').allTextContents();
    expect(severities.map((text) => text.replace(/\W/g, ''))).toEqual(['High', 'Medium', 'Low']);
    await page.locator('.finding-links a').first().click();
    expect(await page.locator('h1').textContent()).toBe('Pictures');
    expect(await page.inputValue('#filter')).toBe('ruler:true');
    const ruled = records.filter(({ columns }) => columns.ruler === true).length;
    expect(await page.locator('.filter-count').textContent()).toBe(`${ruled} of 90 pictures`);
    for (const view of ['decisions', 'groups', 'pictures', 'clusters', 'review', 'about'])
      await page.goto(`${url}#view=${view}`).then(() => page.waitForSelector('main h1'));
    expect(problems).toEqual([]);
    await page.close();
  });

  it('moves pictures between the cells with the threshold', async () => {
    const { page, problems } = await browser.open(`${url}#view=decisions`);
    expect(await shownCells(page)).toEqual(cellsAt(0.5));
    const slider = page.getByRole('slider', { name: 'Threshold', exact: true });
    for (const value of ['0.2', '0.731', '1', '0']) {
      await slider.fill(value);
      await expect.poll(() => shownCells(page)).toEqual(cellsAt(Number(value)));
      const galleries = await page.locator('.cell-card h3 .quiet').allTextContents();
      const { TP, FN, FP, TN } = cellsAt(Number(value));
      expect(galleries.map(Number)).toEqual([TP, FN, FP, TN]);
    }
    await slider.fill('0.6');
    const { TP, FN } = cellsAt(0.6);
    const row = page.locator('.figures tr', { hasText: 'Sensitivity' });
    expect(await row.locator('td').first().textContent()).toBe((TP / (TP + FN)).toFixed(3));
    // Every picture of a cell's gallery belongs there.
    await page.waitForTimeout(400);
    const first = await page.locator('.cell-card-FN .tile').first().getAttribute('data-id');
    const record = records.find(({ id }) => id === first)!;
    expect(record.label).toEqual([1]);
    expect(record.scores.find(([index]) => index === 1)![1]).toBeLessThan(0.6);
    await expect.poll(() => page.evaluate(() => location.hash)).toContain('t=0.6');
    expect(problems).toEqual([]);
    await page.close();
  });

  it('finds the best threshold by a criterion, and takes one from the ROC curve', async () => {
    const { page } = await browser.open(`${url}#view=decisions`);
    await page.getByLabel('Best by').selectOption('cost');
    await page.getByLabel('1 FN costs as many FP').fill('8');
    const cost = (threshold: number) => cellsAt(threshold).FP + 8 * cellsAt(threshold).FN;
    const best = Math.min(
      ...records.map(({ scores }) => cost(scores.find(([index]) => index === 1)![1])),
      cost(0),
      cost(2),
    );
    await page.getByRole('button', { name: /^Set / }).click();
    const chosen = Number(await page.getByRole('spinbutton', { name: 'Threshold' }).inputValue());
    expect(cost(chosen)).toBe(best);
    const roc = page.locator('.chart svg').first();
    const { width, height } = (await roc.boundingBox())!;
    await roc.click({ position: { x: width * 0.13, y: height * 0.84 } });
    const picked = Number(await page.getByRole('spinbutton', { name: 'Threshold' }).inputValue());
    expect(picked).toBeGreaterThan(chosen);
    await page.close();
  });

  it('gives thresholds of their own to the values of a column', async () => {
    const { page } = await browser.open(`${url}#view=decisions&by=site&ts=face%3D0.9`);
    const expected = { TP: 0, FN: 0, FP: 0, TN: 0 };
    for (const { scores, label, columns } of records) {
      const positive = scores.find(([index]) => index === 1)![1] >= (columns.site === 'face' ? 0.9 : 0.5);
      expected[label!.includes(1) ? (positive ? 'TP' : 'FN') : positive ? 'FP' : 'TN']++;
    }
    expect(await shownCells(page)).toEqual(expected);
    await page.close();
  });

  it('sets the values of a column against one another, worst first, live with the threshold', async () => {
    const { page, problems } = await browser.open(`${url}#view=decisions&by=site&t=0.4`);
    const share = (site: string, inside: boolean, truth: number, threshold: number) => {
      const of = records.filter(({ label, columns }) => (columns.site === site) === inside && label!.includes(truth));
      const hits = of.filter(({ scores }) => scores.find(([i]) => i === 1)![1] >= threshold === (truth === 1));
      return { hits: hits.length, of: of.length, value: hits.length / of.length };
    };
    const rows = page.locator('.parity tbody tr');
    const check = async (threshold: number) => {
      const worst: number[] = [];
      for (const row of await rows.all()) {
        const site = (await row.locator('th').textContent())!;
        const cells = await row.locator('td').allTextContents();
        for (const [cell, truth] of [
          [1, 1],
          [2, 0],
        ] as const) {
          const own = share(site, true, truth, threshold);
          expect(cells[cell]).toContain(`${own.value.toFixed(3)} ${own.hits} of ${own.of}`);
          const gap = own.value - share(site, false, truth, threshold).value;
          expect(cells[cell]).toContain(`${gap < 0 ? '−' : '+'}${Math.abs(gap).toFixed(2)} (`);
        }
        worst.push(Number(/to ([−+][\d.]+)\)/.exec(cells[1]!)![1]!.replace('−', '-')));
      }
      expect(worst).toHaveLength(3);
      expect(worst).toEqual([...worst].sort((a, b) => a - b));
    };
    await check(0.4);
    await page.getByRole('slider', { name: 'Threshold', exact: true }).fill('0.7');
    await check(0.7);
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.parity').isVisible()).toBe(true);
    expect(await page.locator('.parity input').first().isVisible()).toBe(false);
    await page.emulateMedia({ media: null });
    // A column of many numbers falls into thirds.
    await page.getByRole('combobox', { name: 'Values of' }).selectOption('age');
    const names = await rows.locator('th').allTextContents();
    expect(names).toHaveLength(3);
    const name = names[1]!;
    const [low, high] = name.split(' – ').map(Number);
    const inside = records.filter(({ columns }) => Number(columns.age) >= low! && Number(columns.age) <= high!).length;
    expect(await rows.nth(1).locator('td').first().textContent()).toBe(String(inside));
    await page.getByRole('button', { name: 'Specificity' }).click();
    expect(await page.locator('.parity [aria-sort=descending]').textContent()).toContain('Specificity');
    await page.getByRole('link', { name, exact: true }).click();
    await expect.poll(() => page.locator('.filter-count').textContent()).toBe(`${inside} of 90 pictures`);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('filters, completes, explains mistakes, and keeps the filter in the address', async () => {
    const { page, problems } = await browser.open(`${url}#view=pictures`);
    await page.keyboard.press('/');
    await page.keyboard.type('cel');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.keyboard.type('FN');
    await page.keyboard.press('Escape');
    const { FN } = cellsAt(0.5);
    expect(await page.inputValue('#filter')).toBe('cell:FN');
    await expect.poll(() => page.locator('.filter-count').textContent()).toBe(`${FN} of 90 pictures`);
    expect(await page.locator('.gallery .tile').count()).toBe(FN);
    await page.fill('#filter', 'lable:benign');
    await expect.poll(() => page.locator('.filter-problems').textContent()).toContain('label');
    await page.fill('#filter', 'score>0.4 site:face');
    const expected = records.filter(
      ({ scores, columns }) => scores.find(([i]) => i === 1)![1] > 0.4 && columns.site === 'face',
    );
    await expect.poll(() => page.locator('.filter-count').textContent()).toBe(`${expected.length} of 90 pictures`);
    await expect
      .poll(() => page.evaluate(() => new URLSearchParams(location.hash.slice(1)).get('q')))
      .toBe('score>0.4 site:face');
    const other = await browser.open(page.url());
    expect(await other.page.inputValue('#filter')).toBe('score>0.4 site:face');
    expect(await other.page.locator('.filter-count').textContent()).toBe(`${expected.length} of 90 pictures`);
    await other.page.close();
    // The letters are one step.
    await page.goBack();
    expect(await page.inputValue('#filter')).toBe('');
    expect(problems).toEqual([]);
    await page.close();
  });

  it('walks with back and forward through views, pictures and settings', async () => {
    const { page } = await browser.open(`${url}#view=decisions&t=0.3`);
    await page.getByRole('link', { name: 'Pictures', exact: true }).click();
    await page.locator('.tile').nth(4).click();
    await page.waitForSelector('.viewer[open]');
    expect(new URLSearchParams(new URL(page.url()).hash.slice(1)).get('id')).toBe(records[4]!.id);
    const link = page.url();
    await page.goBack();
    await page.waitForSelector('.viewer[open]', { state: 'detached' }).catch(() => {});
    expect(await page.locator('.viewer[open]').count()).toBe(0);
    await page.goBack();
    expect(await page.locator('h1').textContent()).toBe('Threshold');
    expect(await shownCells(page)).toEqual(cellsAt(0.3));
    await page.goForward();
    expect(await page.locator('h1').textContent()).toBe('Pictures');
    const other = await browser.open(link);
    expect(await other.page.locator('#viewer-title').textContent()).toContain(records[4]!.id);
    await other.page.close();
    await page.close();
  });

  it('is used by keys alone', async () => {
    const { page, problems } = await browser.open(`${url}#view=pictures`);
    // One stop for the whole gallery; arrows within.
    expect(await page.locator('.tile[tabindex="0"]').count()).toBe(1);
    await page.keyboard.press('j');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    const title = page.locator('#viewer-title');
    await expect.poll(() => title.textContent()).toContain(records[2]!.id);
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => title.textContent()).toContain(records[3]!.id);
    await page.keyboard.press('k');
    await expect.poll(() => title.textContent()).toContain(records[2]!.id);
    const wrong = (i: number) => {
      const positive = records[i]!.scores.find(([index]) => index === 1)![1] >= 0.5;
      return positive !== records[i]!.label!.includes(1);
    };
    const nextWrong = records.findIndex((_, i) => i > 2 && wrong(i));
    await page.keyboard.press('w');
    await expect.poll(() => title.textContent()).toContain(records[nextWrong]!.id);
    await page.keyboard.press('2');
    await expect.poll(() => page.locator('.pane figcaption strong').textContent()).toBe('LRP');
    await page.keyboard.press('g');
    await expect.poll(() => page.locator('.pane').count()).toBe(2);
    await page.keyboard.press('o');
    await expect.poll(() => page.locator('.stage canvas').count()).toBe(0);
    await page.keyboard.press('+');
    const transforms = () =>
      page.locator('.world').evaluateAll((all) => all.map((e) => (e as HTMLElement).style.transform));
    await expect.poll(async () => new Set(await transforms()).size).toBe(1);
    expect((await transforms())[0]).toContain('scale(1.5)');
    // The focus stays in the open picture.
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab');
      const inside = await page.evaluate(
        () =>
          document.activeElement === document.body ||
          document.querySelector('.viewer')!.contains(document.activeElement),
      );
      expect(inside).toBe(true);
    }
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('.viewer[open]').count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-id'))).toBe(records[nextWrong]!.id);
    await page.keyboard.press('?');
    expect(await page.locator('.help[open]').count()).toBe(1);
    await page.keyboard.press('Escape');
    expect(problems).toEqual([]);
    await page.close();
  });

  it('shows a picture in every arrangement, and reads its values', async () => {
    const { page, problems } = await browser.open(`${url}#view=pictures&id=${records[7]!.id}`);
    await page.waitForSelector('.stage img');
    const alt = await page.locator('.stage img').first().getAttribute('alt');
    expect(alt).toMatch(/Predicted (malignant|benign): .* Labelled .* of its mass/);
    for (const name of ['Side by side', 'Wipe', 'All methods', 'Overlay']) {
      await page.locator('.viewer').getByRole('radio', { name }).check();
      await page.waitForSelector('.stage canvas');
    }
    await page.locator('.viewer').getByLabel('Contours').check();
    expect(await page.locator('.contour').count()).toBe(3);
    expect((await page.locator('.mask-line').getAttribute('d'))!.length).toBeGreaterThan(200);
    await page.locator('.stage').focus();
    await page.keyboard.press('Shift+ArrowRight');
    const read = (await page.locator('.readout').textContent())!;
    expect(read).toMatch(
      /x 68, y 64 · RGB \d+ \d+ \d+ · Grad-CAM \d\.\d\d \(raw [\d.]+\) · LRP -?\d\.\d\d .* (in|out)side the mask/,
    );
    await page.locator('.viewer').getByRole('combobox', { name: 'Colours' }).selectOption('magma');
    await expect.poll(() => page.evaluate(() => location.hash)).toContain('colours=magma');
    expect(problems).toEqual([]);
    await page.close();
  });

  it('keeps flags and notes, exports them, and takes them in again', async () => {
    const { page, problems } = await browser.open(`${url}#view=pictures&id=${records[1]!.id}`);
    await page.keyboard.press('f');
    await page.keyboard.press('n');
    await page.keyboard.type('=looks "odd", hair');
    await page.keyboard.press('Escape');
    await page.goto(`${url}#view=review`);
    await page.reload();
    await page.waitForSelector('main h1');
    expect(await page.locator('table tbody tr').textContent()).toContain('=looks "odd", hair');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export notes' }).click(),
    ]);
    const text = readFileSync(await download.path(), 'utf8');
    expect(JSON.parse(text)).toMatchObject({
      schema: 'seewhy/notes/v1',
      notes: [{ id: records[1]!.id, flag: true, text: '=looks "odd", hair' }],
    });
    const [table] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'As CSV' }).click(),
    ]);
    const csv = readFileSync(await table.path(), 'utf8');
    expect(csv).toContain(`"'=looks ""odd"", hair"`);
    const fresh = await browser.open(`${url}#view=review`, {});
    await fresh.page.evaluate(() => localStorage.clear());
    await fresh.page.reload();
    await fresh.page.waitForSelector('main h1');
    expect(await fresh.page.locator('.tile').count()).toBe(0);
    const give = (name: string, content: string) =>
      fresh.page.setInputFiles('input[type=file]', {
        name,
        mimeType: 'application/json',
        buffer: Buffer.from(content),
      });
    await give('bad.json', '{"schema": "other"}');
    await expect.poll(() => fresh.page.locator('main [role=status]').textContent()).toContain('was not taken in');
    const more = JSON.parse(text) as { notes: object[] };
    more.notes.push({ id: 'not here', flag: true }, null as never);
    await give('notes.json', JSON.stringify(more));
    await expect
      .poll(() => fresh.page.locator('main [role=status]').textContent())
      .toContain('1 note taken in. 2 left out');
    expect(await fresh.page.locator('.tile').count()).toBe(1);
    expect(problems).toEqual([]);
    await fresh.page.close();
    await page.close();
  });

  it('works where the browser forbids storage', async () => {
    const page = await browser.browser.newPage();
    await page.addInitScript(() => {
      Object.defineProperty(window, 'localStorage', {
        get() {
          throw new DOMException('no', 'SecurityError');
        },
      });
    });
    await page.goto(`${url}#view=pictures&id=${records[1]!.id}`);
    await page.waitForSelector('.viewer[open]');
    await page.keyboard.press('f');
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: /^Review/ }).click();
    expect(await page.locator('.lead').textContent()).toContain('only as long as this page is open');
    expect(await page.locator('.tile').count()).toBe(1);
    await page.close();
  });

  it('says how to make the report again', async () => {
    const { page } = await browser.open(`${url}#view=about&t=0.25`);
    expect(await page.locator('.command').textContent()).toBe(
      'seewhy audit efficientnet-small.onnx validation.csv --method gradcam,lrp --threshold 0.25',
    );
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download run.json' }).click(),
    ]);
    expect(JSON.parse(readFileSync(await download.path(), 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(binary.data.run)),
    );
    await page.close();
  });

  it('lists groups worst first, and warns of one in two splits', async () => {
    const { page } = await browser.open(`${url}#view=groups`);
    const errors = (await page.locator('.groups tbody td strong').allTextContents()).map(Number);
    expect(errors.length).toBeGreaterThan(5);
    expect(errors).toEqual([...errors].sort((a, b) => b - a));
    expect(await page.locator('.leak').textContent()).toContain('in more than one split');
    await page.locator('.groups tbody a').first().click();
    await page.waitForSelector('#group-title');
    await page.locator('.strip-point').first().focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector('.viewer[open]');
    await page.close();
  });

  it('shows hostile names as text', async () => {
    const hostile = syntheticReport({ count: 40, hostile: true });
    const { url: place } = await browser.write('hostile', hostile);
    const { page, problems } = await browser.open(`${place}#view=pictures`);
    const names = await page.locator('.caption-id bdi').allTextContents();
    for (const id of HOSTILE_IDS) {
      const shown = id.length > 48 ? `${id.slice(0, 47)}…` : id;
      expect(names).toContain(shown);
    }
    for (const id of HOSTILE_IDS) {
      await page.goto(`${place}#view=pictures&id=${encodeURIComponent(id)}`);
      await page.reload();
      await page.waitForSelector('.viewer[open] .facts');
      expect(await page.locator('#viewer-title').textContent()).toContain([...id].slice(0, 30).join(''));
    }
    for (const view of ['findings', 'decisions', 'groups', 'clusters', 'review', 'about']) {
      await page.goto(`${place}#view=${view}`);
      await page.reload();
      await page.waitForSelector('main h1');
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1280);
    }
    expect(await page.locator('.command').textContent()).toContain(`'it'\\''s; rm -rf $HOME'`);
    const [table] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'CSV' }).click(),
    ]);
    const csv = readFileSync(await table.path(), 'utf8');
    expect(csv).toContain(`"'=HYPERLINK(""http://example.invalid"",""click"")"`);
    for (const id of ['+1+1', '@SUM(A1)', '-2+3']) expect(csv).toContain(`"'${id}"`);
    expect(csv).not.toMatch(/(^|,|\n)[=+@]/);
    expect(await page.evaluate(() => document.querySelectorAll('img[src="x"], b').length)).toBe(0);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('prints without controls, two pictures a row, light also from the dark theme', async () => {
    const { page } = await browser.open(`${url}#view=pictures`, { colorScheme: 'dark' });
    await page.evaluate(() => {
      window.print = () => document.body.setAttribute('data-printed', '');
    });
    await page.keyboard.press('Control+p');
    await page.waitForSelector('body[data-printed]');
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.locator('.toolbar').first().isVisible()).toBe(false);
    expect(await page.locator('nav').isVisible()).toBe(false);
    expect(await page.locator('.print-only .legend').isVisible()).toBe(true);
    const [a, b, c] = await Promise.all([0, 1, 2].map((i) => page.locator('.gallery li').nth(i).boundingBox()));
    expect(a!.y).toBe(b!.y);
    expect(c!.y).toBeGreaterThan(a!.y + a!.height);
    expect(await page.locator('.gallery li').count()).toBe(60);
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(255, 255, 255)');
    expect((await page.pdf({ format: 'A4' })).length).toBeGreaterThan(20_000);
    await page.close();
  });

  it('says what is not in the file', async () => {
    const small = await browser.write('small', binary, browser.page.length + 400_000);
    const { page, problems } = await browser.open(small.url);
    expect(small.bytes).toBeLessThanOrEqual(browser.page.length + 400_000);
    await expect
      .poll(() => page.locator('.omitted').textContent())
      .toMatch(/Left out of this file .* pictures?, .* maps?/);
    await page.getByRole('link', { name: 'Pictures', exact: true }).click();
    expect(await page.locator('.thumb-none').count()).toBeGreaterThan(0);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('has a matrix whose cells open their pictures, and tables of classes', async () => {
    const multi = syntheticReport({ task: 'multiclass', count: 120 });
    const { url: place } = await browser.write('multi', multi);
    const { page, problems } = await browser.open(`${place}#view=classes`);
    const right = multi.data.records.filter(({ label, scores }) => label!.includes(scores[0]![0])).length;
    const top1 = page.locator('tr', { hasText: 'Top 1' }).locator('td').first();
    expect(await top1.textContent()).toBe((right / 120).toFixed(3));
    const [row, column] = [0, 1];
    const inCell = multi.data.records.filter(
      ({ label, scores }) => label![0] === row && scores[0]![0] === column,
    ).length;
    const cell = page.locator('.matrix tbody tr').nth(row).locator('td').nth(column).locator('a');
    expect(await cell.textContent()).toMatch(new RegExp(`^${inCell} `));
    await cell.click();
    await expect.poll(() => page.locator('.filter-count').textContent()).toBe(`${inCell} of 120 pictures`);
    await page.goto(`${place}#view=decisions&class=melanoma`);
    await page.reload();
    await page.waitForSelector('.threshold-range');
    const positives = multi.data.records.filter(({ label }) => label!.includes(1)).length;
    const cells = await shownCells(page);
    expect(cells.TP! + cells.FN!).toBe(positives);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('decides each class of a multi-label head for itself', async () => {
    const label = syntheticReport({ task: 'multilabel', count: 80 });
    const { url: place } = await browser.write('label', label);
    const { page, problems } = await browser.open(`${place}#view=decisions&class=several+colours&t=0.3`);
    const expected = { TP: 0, FN: 0, FP: 0, TN: 0 };
    for (const record of label.data.records) {
      const positive = record.scores.find(([index]) => index === 2)![1] >= 0.3;
      expected[record.label!.includes(2) ? (positive ? 'TP' : 'FN') : positive ? 'FP' : 'TN']++;
    }
    expect(await shownCells(page)).toEqual(expected);
    await page.goto(`${place}#view=classes`);
    await page.reload();
    await page.waitForSelector('.per-class');
    expect(problems).toEqual([]);
    await page.close();
  });

  it('says how many pictures of a finding are not listed', async () => {
    const [first, second] = binary.data.findings;
    const findings = [
      { ...first!, more: 12_345 },
      { ...second!, more: 2 },
    ];
    const { url: place } = await browser.write('more', { ...binary, data: { ...binary.data, findings } });
    const { page, problems } = await browser.open(place);
    const ruled = first!.ids.length;
    const told = await page.locator('.finding-more').allTextContents();
    expect(told[0]).toBe(
      `The clearest ${ruled} of ${(12_345 + ruled).toLocaleString('en')} pictures are listed here; its filter finds all of them.`,
    );
    expect(told[1]).toContain('the other 2 are counted in the figures, not listed.');
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.finding-more').first().isVisible()).toBe(true);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('marks pictures by the class that is looked at, not by the whole set of labels', async () => {
    const label = syntheticReport({ task: 'multilabel', count: 80 });
    const { url: place } = await browser.write('asked', label);
    const name = label.data.run.classes[2]!;
    const { page, problems } = await browser.open(`${place}#view=decisions&class=${encodeURIComponent(name)}&t=0.5`);
    for (const cell of ['TP', 'FN', 'FP', 'TN']) {
      const kinds = await page.locator(`.cell-card-${cell} .kind`).allTextContents();
      expect(new Set(kinds)).toEqual(new Set([cell]));
    }
    // One that is a hit for this class and wrong as a whole.
    const right = label.data.records.find(({ scores, label: wanted }) => {
      const said = scores.filter(([, score]) => score >= 0.5).map(([index]) => index);
      return wanted!.includes(2) && said.includes(2) && said.length !== wanted!.length;
    })!;
    await page.goto(`${place}#view=decisions&class=${encodeURIComponent(name)}&t=0.5&id=${right.id}`);
    await page.reload();
    await page.waitForSelector('.viewer[open] .verdict');
    expect(await page.locator('.verdict').textContent()).toBe(`true positive for ${name}`);
    expect(await page.locator('.facts .pairs').first().textContent()).toMatch(/^All classeswrong/);
    await page.goto(`${place}#view=pictures&t=0.5&id=${right.id}`);
    await page.reload();
    await page.waitForSelector('.viewer[open] .verdict');
    expect(await page.locator('.verdict').textContent()).toBe('wrong');
    expect(problems).toEqual([]);
    await page.close();
  });

  it('compares two runs', async () => {
    const two = syntheticComparison();
    const { url: place } = await browser.write('compare', two);
    const { page, problems } = await browser.open(place);
    const { flips } = two.data;
    const counts = (await page.locator('.cell-count').allTextContents()).map(Number);
    expect(counts).toEqual([flips.bothRight, flips.toWrong, flips.toRight, flips.bothWrong]);
    expect(await page.locator('tr', { hasText: 'Accuracy' }).textContent()).toContain('worse');
    for (const [i, shown] of counts.entries()) {
      await page.goto(place);
      await page.reload();
      await page.locator('.two-by-two a').nth(i).click();
      await expect.poll(() => page.locator('.title-row p').textContent()).toBe(`${shown} pictures: left A, right B`);
    }
    await page.locator('.tile').first().click();
    await expect.poll(() => page.locator('.viewer .stage canvas').count()).toBe(2);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('opens what has no maps, labels or groups', async () => {
    const bare = syntheticReport({ count: 20, bare: true, methods: [] });
    const { url: place } = await browser.write('bare', bare);
    const { page, problems } = await browser.open(place);
    expect(await page.getByRole('link', { name: 'Groups' }).count()).toBe(0);
    for (const view of ['decisions', 'pictures', 'review', 'about']) {
      await page.goto(`${place}#view=${view}`);
      await page.reload();
      await page.waitForSelector('main h1');
    }
    expect(problems).toEqual([]);
    await page.close();
  });
});
