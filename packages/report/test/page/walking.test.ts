import { describe, expect, it } from 'vitest';
import { chromium } from '../../../../tools/test-support/require.ts';
import { cellsAt, openBinaryReport, records, shownCells } from './binary-report.ts';

const executable = chromium();

describe.skipIf(!executable)('the page of a report', () => {
  const report = openBinaryReport(executable);

  it('filters, completes, explains mistakes, and keeps the filter in the address', async () => {
    const { page, problems } = await report.browser.open(`${report.url}#view=pictures`);
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
    const other = await report.browser.open(page.url());
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
    const { page } = await report.browser.open(`${report.url}#view=decisions&t=0.3`);
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
    const other = await report.browser.open(link);
    expect(await other.page.locator('#viewer-title').textContent()).toContain(records[4]!.id);
    await other.page.close();
    await page.close();
  });

  it('is used by keys alone', async () => {
    const { page, problems } = await report.browser.open(`${report.url}#view=pictures`);
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
    const { page, problems } = await report.browser.open(`${report.url}#view=pictures&id=${records[7]!.id}`);
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
});
