// Keeps package-lock.json complete and free of hosts.
//
//   node tools/setup/lock.mjs          check (part of `npm run check`)
//   node tools/setup/lock.mjs --write  repair (npm does so after every `npm install`: `postinstall`)
//
// A registry mirror may lack the binaries of platforms that nobody there uses. npm then leaves these optional packages out of
// the lock file, and `npm ci` refuses that file everywhere. What their entry needs stands in their parent and in their name.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './files.mjs';

const FILE = join(root, 'package-lock.json');
const OS = /-(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)(?=-|$)/;
const CPU = /-(arm64|arm|ia32|loong64|mips64el|ppc64|riscv64|s390x|wasm32|x64)(?=-|$)/;
const LIBC = { musl: 'musl', musleabihf: 'musl', gnu: 'glibc', gnueabihf: 'glibc' };

function platform(name) {
  const [, os] = OS.exec(name) ?? [];
  const [, cpu] = CPU.exec(name) ?? [];
  const [, tail] = /-(musl|musleabihf|gnu|gnueabihf)$/.exec(name) ?? [];
  if (!os && cpu !== 'wasm32') return undefined;
  return {
    ...(os ? { os: [os] } : {}),
    ...(cpu ? { cpu: [cpu] } : {}),
    ...(os === 'linux' && tail ? { libc: [LIBC[tail]] } : {}),
  };
}

/** Where a package that `parent` names is looked for, nearest first. */
function* places(parent, name) {
  const steps = parent.split('/node_modules/');
  for (let depth = steps.length; depth > 0; depth--)
    yield `${steps.slice(0, depth).join('/node_modules/')}/node_modules/${name}`;
  yield `node_modules/${name}`;
}

const lock = JSON.parse(readFileSync(FILE, 'utf8'));
const problems = [];
const added = {};
for (const [path, entry] of Object.entries(lock.packages)) {
  if (/^[a-z+]+:/.test(entry.resolved ?? '')) {
    problems.push(`${path} names the host it came from`);
    delete entry.resolved;
  }
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    if ([...places(path, name)].some((place) => lock.packages[place])) continue;
    const where = platform(name);
    problems.push(`${path}: its optional ${name} has no entry`);
    if (!where)
      throw new Error(`${name} (optional in ${path}) is not in the lock file, and its name tells no platform`);
    const flags = entry.dev ? { dev: true } : {};
    added[`node_modules/${name}`] = { version: range.replace(/^[\^~]/, ''), ...flags, optional: true, ...where };
  }
}

if (process.argv.includes('--write')) {
  if (problems.length > 0) {
    const [first, ...others] = Object.entries({ ...lock.packages, ...added }).map(([path, entry]) => [path, entry]);
    lock.packages = Object.fromEntries([first, ...others.sort(([a], [b]) => (a < b ? -1 : 1))]);
    writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
  }
  if (problems.length > 0) console.error(`package-lock.json: ${problems.length} entries repaired`);
} else if (problems.length > 0) {
  for (const problem of problems) console.error(problem);
  console.error('Run `node tools/setup/lock.mjs --write` and commit package-lock.json.');
  process.exitCode = 1;
}
