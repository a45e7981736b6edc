import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { chromium } from '../../../../tools/test-support/require.ts';
import { HOSTILE_IDS } from '../support/hostile-ids.ts';
import { syntheticComparison } from '../support/synthetic-comparison.ts';
import { syntheticReport } from '../support/synthetic-report.ts';
import { binary, openBinaryReport, records } from './binary-report.ts';

const executable = chromium();

describe.skipIf(!executable)('the page of a report', () => {
  const report = openBinaryReport(executable);

  it('is one small file with a strict policy', () => {
    const scripts = [...report.browser.page.matchAll(/<script>([\s\S]*?)<\/script>/g)];
    expect(scripts).toHaveLength(1);
    expect(scripts[0]![1]!.length).toBeLessThan(176_500);
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(report.browser.page)![1]!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(report.browser.page).not.toMatch(/(src|href)="(https?:)?\/\//);
  });

  it('opens at the findings, without a request or a complaint', async () => {
    const { page, problems } = await report.browser.open(report.url);
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
      await page.goto(`${report.url}#view=${view}`).then(() => page.waitForSelector('main h1'));
    expect(problems).toEqual([]);
    await page.close();
  });

  it('says how to make the report again', async () => {
    const { page } = await report.browser.open(`${report.url}#view=about&t=0.25`);
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
    const { page } = await report.browser.open(`${report.url}#view=groups`);
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
    const { url: place } = await report.browser.write('hostile', hostile);
    const { page, problems } = await report.browser.open(`${place}#view=pictures`);
    const names = await page.locator('.caption-id bdi').allTextContents();
    for (const id of HOSTILE_IDS) {
      const shown = id.length > 48 ? `${id.slice(0, 29)}…${id.slice(-18)}` : id;
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
    const { page } = await report.browser.open(`${report.url}#view=pictures`, { colorScheme: 'dark' });
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

  it('prints the pictures of a finding three a row', async () => {
    const { page } = await report.browser.open(report.url);
    await page.waitForSelector('.finding-gallery li');
    await page.emulateMedia({ media: 'print' });
    const [a, b, c, d] = await Promise.all(
      [0, 1, 2, 3].map((i) => page.locator('.finding-gallery').first().locator('li').nth(i).boundingBox()),
    );
    expect([b!.y, c!.y]).toEqual([a!.y, a!.y]);
    expect(d!.y).toBeGreaterThan(a!.y);
    await page.close();
  });

  it('says what is not in the file', async () => {
    const small = await report.browser.write('small', binary, report.browser.page.length + 400_000);
    const { page, problems } = await report.browser.open(small.url);
    expect(small.bytes).toBeLessThanOrEqual(report.browser.page.length + 400_000);
    await expect
      .poll(() => page.locator('.omitted').textContent())
      .toMatch(/Left out of this file .* pictures?, .* maps?/);
    await page.getByRole('link', { name: 'Pictures', exact: true }).click();
    expect(await page.locator('.thumb-none').count()).toBeGreaterThan(0);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('says how many pictures of a finding are not listed', async () => {
    const [first, second] = binary.data.findings;
    const findings = [
      { ...first!, more: 12_345 },
      { ...second!, more: 2 },
    ];
    const { url: place } = await report.browser.write('more', { ...binary, data: { ...binary.data, findings } });
    const { page, problems } = await report.browser.open(place);
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

  it('compares two runs', async () => {
    const two = syntheticComparison();
    const { url: place } = await report.browser.write('compare', two);
    const { page, problems } = await report.browser.open(place);
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
    const { url: place } = await report.browser.write('bare', bare);
    const { page, problems } = await report.browser.open(place);
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
