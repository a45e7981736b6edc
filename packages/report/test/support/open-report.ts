import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ReportPart } from '@seewhy/report';
import { type Browser, type Page, chromium as playwright } from 'playwright-core';
import { build } from 'vite';
import { reportFile } from '../../src/bundle/report-file.ts';
import config from '../../vite.config.ts';

/** The page, built from the sources of this moment. */
export async function builtPage(): Promise<string> {
  const built = await build({ ...config, build: { ...config.build, write: false } });
  const { output } = (Array.isArray(built) ? built[0]! : built) as {
    output: readonly { fileName: string; source?: unknown }[];
  };
  const page = output.find(({ fileName }) => fileName.endsWith('.html'));
  return String(page?.source);
}

export interface ReportSource {
  readonly data: object;
  parts(): AsyncIterable<ReportPart>;
}

/** A place for reports, a browser to open them in, and what the page complained about. */
export class ReportBrowser {
  private readonly folder = mkdtempSync(join(tmpdir(), 'seewhy-report-'));
  private constructor(
    readonly browser: Browser,
    readonly page: string,
  ) {}

  static async start(executablePath: string): Promise<ReportBrowser> {
    const page = await builtPage();
    // Quiet and offline: without these Chromium looks up hosts of its own. Root (CI) has no sandbox.
    const args = [
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ];
    return new ReportBrowser(await playwright.launch({ executablePath, headless: true, args }), page);
  }

  /** Writes the report as `seewhy audit` does; gives its address on the disk. */
  async write(name: string, { data, parts }: ReportSource, maxBytes?: number): Promise<{ url: string; bytes: number }> {
    const pieces: Uint8Array[] = [];
    for await (const piece of reportFile(this.page, data, parts(), maxBytes === undefined ? {} : { maxBytes }))
      pieces.push(piece);
    const file = join(this.folder, `${name}.html`);
    const all = Buffer.concat(pieces);
    writeFileSync(file, all);
    return { url: pathToFileURL(file).href, bytes: all.length };
  }

  /** A new page; errors, refused requests and requests to anywhere are collected in `problems`. */
  async open(
    url: string,
    options: Parameters<Browser['newPage']>[0] = {},
  ): Promise<{ page: Page; problems: string[] }> {
    const page = await this.browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('dialog', (dialog) => {
      problems.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    // What the policy refuses is told on the console as an error.
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
    });
    page.on('request', (request) => {
      if (!/^(blob|data|file):/.test(request.url())) problems.push(`request to ${request.url()}`);
      if (request.url().startsWith('file:') && !request.isNavigationRequest()) problems.push(`read ${request.url()}`);
    });
    await page.goto(url);
    await page.waitForSelector('main h1');
    return { page, problems };
  }

  async stop(): Promise<void> {
    await this.browser.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
