// Builds the workspace packages that are out of date, in the order of their dependencies. "Out of date" is decided by what
// went in (a digest of the sources, the configuration and the packages below), never by file times: a fresh clone has none.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { digest, filesBelow, root, StepError, say } from './files.mjs';

const STAMPS = join(root, 'node_modules', '.cache', 'seewhy-build');

/** The workspace packages, dependencies first. */
export function packages() {
  const all = new Map();
  for (const folder of readdirSync(join(root, 'packages')).sort()) {
    const file = join(root, 'packages', folder, 'package.json');
    if (!existsSync(file)) continue;
    const manifest = JSON.parse(readFileSync(file, 'utf8'));
    all.set(manifest.name, { folder: dirname(file), manifest });
  }
  const ordered = [];
  const seen = new Set();
  const visit = (name) => {
    const entry = all.get(name);
    if (!entry || seen.has(name)) return;
    seen.add(name);
    const { dependencies, optionalDependencies, peerDependencies } = entry.manifest;
    for (const below of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) visit(below);
    ordered.push({ name, ...entry });
  };
  for (const name of all.keys()) visit(name);
  return ordered;
}

export function buildAll({ force = false, talk = false } = {}) {
  mkdirSync(STAMPS, { recursive: true });
  const tools = ['tsconfig.json', 'package-lock.json'].map((name) => readFileSync(join(root, name)));
  const keys = new Map();
  for (const { name, folder, manifest } of packages()) {
    if (!manifest.scripts?.build) continue;
    const below = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).map((n) => keys.get(n) ?? '');
    const sources = [
      ...filesBelow(join(folder, 'src')),
      join(folder, 'package.json'),
      ...readdirSync(folder)
        .filter((file) => file.endsWith('.config.ts'))
        .sort()
        .map((file) => join(folder, file)),
    ];
    const key = digest([...tools, ...below, ...sources.flatMap((file) => [relative(root, file), readFileSync(file)])]);
    keys.set(name, key);
    const stamp = join(STAMPS, manifest.name.replace('/', '+'));
    const upToDate = !force && existsSync(stamp) && readFileSync(stamp, 'utf8') === key;
    if (upToDate && existsSync(join(folder, 'dist', 'index.js'))) {
      if (talk) say(`${name} is up to date`);
    } else {
      rmSync(stamp, { force: true });
      build(name, folder);
      writeFileSync(stamp, key);
    }
    linkCommands(folder, manifest);
  }
}

function build(name, folder) {
  const started = Date.now();
  const tsdown = join(root, 'node_modules', 'tsdown', 'dist', 'run.mjs');
  const done = spawnSync(process.execPath, [tsdown, '--log-level', 'warn'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  const output = `${done.stdout ?? ''}${done.stderr ?? ''}`
    .split('\n')
    // tsdown announces its plans for Node 20 (the version is pinned, and CONTRIBUTING.md says until when) and where its time went.
    .filter((line) => line.trim() !== '' && !/is deprecated\. Support will be removed|PLUGIN_TIMINGS/.test(line))
    .join('\n');
  if (output) console.error(output);
  if (done.status !== 0) throw new StepError(`building ${name} failed; the message is above.`);
  say(`built ${name} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** `npx seewhy` in the checkout: npm makes no link to a command that was not yet built when it installed. */
function linkCommands(folder, manifest) {
  for (const [command, file] of Object.entries(manifest.bin ?? {})) {
    const target = join(folder, file);
    if (!existsSync(target)) throw new StepError(`${manifest.name} was built without ${file}`);
    chmodSync(target, 0o755);
    const link = join(root, 'node_modules', '.bin', command);
    if (process.platform === 'win32' || existsSync(link)) continue;
    rmSync(link, { force: true }); // a link to nowhere
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(relative(dirname(link), target), link);
  }
}
