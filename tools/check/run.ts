import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Everything about the tree that is not a test. Each is run, also after another failed; `npm run check -- arrows` runs one. */
const CHECKS: Record<string, readonly [what: string, command: readonly string[]]> = {
  types: ['TypeScript, whole tree', ['tsc', '-p', 'tsconfig.json']],
  portable: ['onnx, autodiff, keras, core: no DOM, no Node', ['tsc', '-p', 'tsconfig.portable.json']],
  lint: ['Biome: lint and format (`npm run format` cures the most)', ['biome', 'check', '.']],
  arrows: ['who imports whom', ['tsx', 'tools/check/arrows.ts']],
  dead: ['dead files, exports and dependencies', ['knip', '--no-progress', '--no-config-hints']],
  lock: ['package-lock.json is complete and names no host', ['node', 'tools/setup/lock.mjs']],
  stale: ['generated files are as their generators write them', ['tsx', 'tools/check/stale.ts']],
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in CHECKS));
if (unknown.length > 0) {
  console.error(`No check named '${unknown.join("', '")}'. There are: ${Object.keys(CHECKS).join(', ')}.`);
  process.exit(2);
}

const failed: string[] = [];
for (const name of wanted.length > 0 ? wanted : Object.keys(CHECKS)) {
  const [what, [program, ...args]] = CHECKS[name]!;
  const started = Date.now();
  const done = spawnSync(program!, args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  const good = done.status === 0;
  console.log(`${good ? 'ok  ' : 'FAIL'} ${name.padEnd(8)} ${seconds.padStart(5)} s  ${what}`);
  if (good) continue;
  failed.push(name);
  console.log(`${done.stdout ?? ''}${done.stderr ?? ''}${done.error ? done.error.message : ''}`.trimEnd());
}
if (failed.length > 0) {
  console.error(`\n${failed.length} of the checks failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
