import type { Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { ReportBrowser } from '../support/open-report.ts';
import { syntheticReport } from '../support/synthetic-report.ts';

/** Ninety pictures of a binary head, with two methods. */
export const binary = syntheticReport({ count: 90, methods: ['gradcam', 'lrp'] });
export const { records } = binary.data;

/** That report in a browser of its own, opened before the tests of a group and closed behind them. */
export function openBinaryReport(executable: string | undefined): {
  readonly browser: ReportBrowser;
  readonly url: string;
} {
  const opened = {} as { browser: ReportBrowser; url: string };
  beforeAll(async () => {
    opened.browser = await ReportBrowser.start(executable!);
    opened.url = (await opened.browser.write('binary', binary)).url;
  });
  afterAll(() => opened.browser?.stop());
  return opened;
}

/** Counted here, one by one, from the records. */
export function cellsAt(threshold: number) {
  const counts = { TP: 0, FN: 0, FP: 0, TN: 0 };
  for (const { scores, label } of records) {
    const score = scores.find(([index]) => index === 1)![1];
    const positive = score >= threshold;
    counts[label!.includes(1) ? (positive ? 'TP' : 'FN') : positive ? 'FP' : 'TN']++;
  }
  return counts;
}

/** The four counts that the page shows. */
export const shownCells = (page: Page) =>
  page.evaluate(() =>
    Object.fromEntries(
      [...document.querySelectorAll<HTMLElement>('[data-count]')].map((e) => [e.dataset.count, Number(e.textContent)]),
    ),
  );
