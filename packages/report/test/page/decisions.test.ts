import { describe, expect, it } from 'vitest';
import { chromium } from '../../../../tools/test-support/require.ts';
import { syntheticReport } from '../support/synthetic-report.ts';
import { cellsAt, openBinaryReport, records, shownCells } from './binary-report.ts';

const executable = chromium();

describe.skipIf(!executable)('the page of a report', () => {
  const report = openBinaryReport(executable);

  it('moves pictures between the cells with the threshold', async () => {
    const { page, problems } = await report.browser.open(`${report.url}#view=decisions`);
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
    const { page } = await report.browser.open(`${report.url}#view=decisions`);
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
    const { page } = await report.browser.open(`${report.url}#view=decisions&by=site&ts=face%3D0.9`);
    const expected = { TP: 0, FN: 0, FP: 0, TN: 0 };
    for (const { scores, label, columns } of records) {
      const positive = scores.find(([index]) => index === 1)![1] >= (columns.site === 'face' ? 0.9 : 0.5);
      expected[label!.includes(1) ? (positive ? 'TP' : 'FN') : positive ? 'FP' : 'TN']++;
    }
    expect(await shownCells(page)).toEqual(expected);
    await page.close();
  });

  it('sets the values of a column against one another, worst first, live with the threshold', async () => {
    const { page, problems } = await report.browser.open(`${report.url}#view=decisions&by=site&t=0.4`);
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

  it('has a matrix whose cells open their pictures, and tables of classes', async () => {
    const multi = syntheticReport({ task: 'multiclass', count: 120 });
    const { url: place } = await report.browser.write('multi', multi);
    const { page, problems } = await report.browser.open(`${place}#view=classes`);
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
    const { url: place } = await report.browser.write('label', label);
    const { page, problems } = await report.browser.open(`${place}#view=decisions&class=several+colours&t=0.3`);
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

  it('marks pictures by the class that is looked at, not by the whole set of labels', async () => {
    const label = syntheticReport({ task: 'multilabel', count: 80 });
    const { url: place } = await report.browser.write('asked', label);
    const name = label.data.run.classes[2]!;
    const { page, problems } = await report.browser.open(
      `${place}#view=decisions&class=${encodeURIComponent(name)}&t=0.5`,
    );
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
});
