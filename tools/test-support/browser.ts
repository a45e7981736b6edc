import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type Page, chromium as playwright } from 'playwright-core';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../..', import.meta.url));
const RUNTIME = join(root, 'node_modules', 'onnxruntime-web', 'dist');

/** Quiet and offline: without these Chromium looks up hosts of its own at every start. Root (CI) has no sandbox. */
const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // WebGPU without a graphics card: Chromium's own software renderer.
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  // WebGL likewise.
  '--enable-unsafe-swiftshader',
];

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
};

/** What a page runs. */
export interface PageProgram {
  /** The module that is its program: what it puts into `globalThis` is what a test calls. */
  readonly entry: URL;
  /** The last name that it puts there. */
  readonly ready: string;
}

/** The page's program and all it imports of seewhy's sources as one file. */
async function bundle(entry: URL): Promise<string> {
  const source = (name: string, file = 'index.ts') => join(root, 'packages', name, 'src', file);
  const built = await rolldown({
    input: fileURLToPath(entry),
    platform: 'browser',
    resolve: {
      alias: {
        '@seewhy/onnx': source('onnx'),
        '@seewhy/autodiff': source('autodiff'),
        '@seewhy/keras': source('keras'),
        '@seewhy/core': source('core'),
        '@seewhy/training/tfjs': source('training', 'tfjs.ts'),
        '@seewhy/training': source('training'),
      },
    },
    external: [/^\/ort\//],
    tsconfig: false,
    // What a page cannot have fails here, not in the page.
    onLog(level, log, handle) {
      if (log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message);
      if (level !== 'info' && log.code !== 'EVAL') handle(level, log);
    },
  });
  try {
    const { output } = await built.generate({ format: 'esm', codeSplitting: false });
    return output[0].code;
  } finally {
    await built.close();
  }
}

/** Serves the page at `/`, the runtime at `/ort/…` and the fixtures at `/fixtures/…`, cross-origin isolated (wasm threads need it). */
async function serve(program: string): Promise<Server> {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    const send = (type: string, body: string | Uint8Array) => response.setHeader('Content-Type', type).end(body);
    if (path === '/')
      return send(
        'text/html; charset=utf-8',
        '<!doctype html><meta charset="utf-8"><title>seewhy</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
      );
    if (path === '/page.js') return send('text/javascript', program);
    const [, first, ...rest] = path.split('/');
    const folder = first === 'ort' ? RUNTIME : first === 'fixtures' ? join(root, 'fixtures') : undefined;
    if (!folder || rest.includes('..')) return response.writeHead(404).end();
    try {
      send(TYPES[extname(path)] ?? 'application/octet-stream', await readFile(join(folder, ...rest)));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

/** A page in a real browser that has loaded its program; `problems` collects what it complained about or asked of other hosts. */
export interface OpenPage {
  readonly page: Page;
  readonly problems: string[];
  close(): Promise<void>;
}

export async function openPage(executablePath: string, { entry, ready }: PageProgram): Promise<OpenPage> {
  const server = await serve(await bundle(entry));
  // localhost by name: WebGPU and wasm threads want a secure context.
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  let browser: Browser | undefined;
  const close = async () => {
    await browser?.close();
    await new Promise((done) => server.close(done));
  };
  try {
    browser = await playwright.launch({ executablePath, headless: true, args: FLAGS });
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('request', (request) => {
      if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(origin))
        problems.push(`request to ${request.url()}`);
    });
    await page.goto(origin);
    await page.waitForFunction((name) => name in globalThis, ready, { timeout: 30_000 });
    return { page, problems, close };
  } catch (error) {
    await close();
    throw error;
  }
}
