import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { chromium } from '../../../../tools/test-support/require.ts';
import { openBinaryReport, records } from './binary-report.ts';

const executable = chromium();

describe.skipIf(!executable)('the page of a report', () => {
  const report = openBinaryReport(executable);

  it('keeps flags and notes, exports them, and takes them in again', async () => {
    const { page, problems } = await report.browser.open(`${report.url}#view=pictures&id=${records[1]!.id}`);
    await page.keyboard.press('f');
    await page.keyboard.press('n');
    await page.keyboard.type('=looks "odd", hair');
    await page.keyboard.press('Escape');
    await page.goto(`${report.url}#view=review`);
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
    const fresh = await report.browser.open(`${report.url}#view=review`, {});
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
    const page = await report.browser.browser.newPage();
    await page.addInitScript(() => {
      Object.defineProperty(window, 'localStorage', {
        get() {
          throw new DOMException('no', 'SecurityError');
        },
      });
    });
    await page.goto(`${report.url}#view=pictures&id=${records[1]!.id}`);
    await page.waitForSelector('.viewer[open]');
    await page.keyboard.press('f');
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: /^Review/ }).click();
    expect(await page.locator('.lead').textContent()).toContain('only as long as this page is open');
    expect(await page.locator('.tile').count()).toBe(1);
    await page.close();
  });
});
