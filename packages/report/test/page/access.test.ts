import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium } from '../../../../tools/test-support/require.ts';
import { ReportBrowser } from '../support/open-report.ts';
import { syntheticReport } from '../support/synthetic-report.ts';

const executable = chromium();

interface AxeResult {
  violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
}

/** What axe-core finds wrong with the page as it stands. */
async function violations(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  const { violations: found } = await page.evaluate(() =>
    (window as unknown as { axe: { run(): Promise<AxeResult> } }).axe.run(),
  );
  return found.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
  );
}

const VIEWS: Readonly<Record<string, readonly string[]>> = {
  binary: [
    'view=findings',
    'view=decisions&by=site',
    'view=groups&group=patient-001',
    'view=pictures',
    'view=pictures&q=lable%3Ax',
    'view=pictures&id=ISIC_240000&mode=grid',
    'view=clusters',
    'view=review',
    'view=about',
  ],
  multiclass: ['view=findings', 'view=classes', 'view=decisions&class=melanoma', 'view=pictures'],
  multilabel: ['view=classes', 'view=decisions'],
};

describe.skipIf(!executable)('the page of a report, for everybody', () => {
  let browser: ReportBrowser;
  const urls: Record<string, string> = {};
  beforeAll(async () => {
    browser = await ReportBrowser.start(executable!);
    for (const task of ['binary', 'multiclass', 'multilabel'] as const)
      urls[task] = (await browser.write(task, syntheticReport({ task, count: 40, methods: ['gradcam', 'lrp'] }))).url;
  });
  afterAll(() => browser?.stop());

  for (const colorScheme of ['light', 'dark'] as const)
    it(`has nothing that axe-core objects to, ${colorScheme}`, async () => {
      const found: string[] = [];
      for (const [task, places] of Object.entries(VIEWS)) {
        const { page } = await browser.open(urls[task]!, { colorScheme, reducedMotion: 'reduce' });
        for (const place of places) {
          await page.goto(`${urls[task]}#${place}`);
          await page.reload();
          await page.waitForSelector('main h1');
          expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe(colorScheme);
          found.push(...(await violations(page)).map((text) => `${task} ${place} ${text}`));
        }
        await page.close();
      }
      expect(found).toEqual([]);
    }, 300_000);

  it('fits a phone of 360 pixels, and axe-core has nothing to say there', async () => {
    const found: string[] = [];
    for (const [task, places] of Object.entries(VIEWS)) {
      const { page } = await browser.open(urls[task]!, {
        viewport: { width: 360, height: 740 },
        hasTouch: true,
        isMobile: true,
      });
      for (const place of places) {
        await page.goto(`${urls[task]}#${place}`);
        await page.reload();
        await page.waitForSelector('main h1');
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        if (wide > 360) found.push(`${task} ${place} is ${wide} pixels wide`);
        found.push(...(await violations(page)).map((text) => `${task} ${place} ${text}`));
      }
      await page.close();
    }
    expect(found).toEqual([]);
  }, 300_000);

  it('keeps the theme that was chosen', async () => {
    const { page } = await browser.open(urls.binary!, { colorScheme: 'light' });
    await page.getByLabel('Theme').selectOption('dark');
    // The browser's own processes pass on what is stored in their own time.
    const reloaded = async () => {
      await page.reload();
      await page.waitForSelector('main h1');
      return page.evaluate(() => document.documentElement.dataset.theme);
    };
    await expect.poll(reloaded, { timeout: 30_000 }).toBe('dark');
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(18, 21, 23)');
    await page.close();
  });

  it('shows where the focus is', async () => {
    const { page } = await browser.open(urls.binary!);
    const unseen: string[] = [];
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab');
      const state = await page.evaluate(() => {
        const at = document.activeElement as HTMLElement;
        if (at === document.body) return undefined;
        const ring = (element: Element | null) => element !== null && getComputedStyle(element).outlineStyle !== 'none';
        return ring(at) || ring(at.nextElementSibling) ? '' : at.outerHTML.slice(0, 120);
      });
      if (state) unseen.push(state);
    }
    expect(unseen).toEqual([]);
    await page.close();
  });
});
