import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const PACKAGE = join(ROOT, 'packages/seewhy');
const MAIN = join(PACKAGE, '.dist-test/main.js');

export const model = (name: string) => join(ROOT, 'fixtures/models', `${name}.onnx`);
export const photo = (name: string) => join(ROOT, 'fixtures/photos', name);

export const newest = (folder: string): number =>
  Math.max(
    ...readdirSync(folder, { withFileTypes: true }).map((entry) =>
      entry.isDirectory() ? newest(join(folder, entry.name)) : statSync(join(folder, entry.name)).mtimeMs,
    ),
  );

/** The command, built as it is published, once for all test files, when a source is newer than it. */
export function built(): string {
  main ??= build();
  return main;
}

let main: string | undefined;

function build(): string {
  const lock = join(PACKAGE, '.dist-test.lock');
  const begin = Date.now();
  for (;;) {
    const sources = ['seewhy', 'report', 'training', 'core', 'autodiff', 'keras', 'onnx'].map((name) =>
      newest(join(ROOT, 'packages', name, 'src')),
    );
    if (existsSync(MAIN) && !existsSync(lock) && statSync(MAIN).mtimeMs > Math.max(...sources)) return MAIN;
    try {
      mkdirSync(lock);
    } catch {
      // Another test file builds; a lock left by a killed run is taken over.
      if (Date.now() - begin > 180_000) rmSync(lock, { recursive: true, force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
      continue;
    }
    try {
      const tsdown = join(ROOT, 'node_modules/tsdown/dist/run.mjs');
      const done = spawnSync(process.execPath, [tsdown, '--config', 'test/command/tsdown.config.ts'], {
        cwd: PACKAGE,
        encoding: 'utf8',
      });
      if (done.status !== 0) throw new Error(`the command does not build:\n${done.stdout}\n${done.stderr}`);
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly stdin?: Uint8Array;
  /** Called with each piece of stdout and stderr. */
  readonly onOutput?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
  /** Another user's id: root may write anywhere. */
  readonly uid?: number;
}

/** Runs the real command as a child process. */
export function seewhy(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [built(), ...args], {
      cwd: options.cwd ?? ROOT,
      env: {
        ...process.env,
        NO_COLOR: '1',
        FORCE_COLOR: undefined,
        CI: undefined,
        ...options.env,
      } as NodeJS.ProcessEnv,
      stdio: 'pipe',
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    });
    let stdout = '';
    let stderr = '';
    const kill = (signal: NodeJS.Signals) => void child.kill(signal);
    child.stdout.on('data', (part) => {
      stdout += part;
      options.onOutput?.(String(part), kill);
    });
    child.stderr.on('data', (part) => {
      stderr += part;
      options.onOutput?.(String(part), kill);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin ?? '');
  });
}

/** A folder of its own for a test file. */
export const folder = (name: string): string => mkdtempSync(join(tmpdir(), `seewhy-${name}-`));

/** Names in a folder, sorted; empty when it is not there. */
export const files = (path: string): string[] => (existsSync(path) ? readdirSync(path).sort() : []);

/** Paths differ from machine to machine. */
export const portable = (text: string, ...folders: string[]): string =>
  [...folders, ROOT.replace(/\/$/, '')].reduce((result, path) => result.replaceAll(path, ''), text);
