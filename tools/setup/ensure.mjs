// Makes a checkout ready to run: packages installed, every workspace package built. Plain Node, no dependencies, so that
// `npm test` and `npm run demo` work on a fresh clone.
//
//   node tools/setup/ensure.mjs            install and build what is missing or out of date
//   node tools/setup/ensure.mjs --force    build everything again
//   node tools/setup/ensure.mjs --no-build install only
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildAll } from './build.mjs';
import { digest, root, StepError, say } from './files.mjs';

const STAMP = join(root, 'node_modules', '.seewhy-install');
const WANTED_NODE = 20;

/** What was installed is right when this text is what it was at the last install. */
function installKey() {
  return digest([readFileSync(join(root, 'package-lock.json')), `${process.platform} ${process.arch}`]);
}

/** True when every package that npm recorded in node_modules has the version of package-lock.json, and none is missing. */
function installedByHand() {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const have = JSON.parse(readFileSync(record, 'utf8')).packages ?? {};
  const want = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages ?? {};
  return Object.entries(want).every(([path, entry]) => {
    if (!path.includes('node_modules/')) return true; // the workspace packages themselves
    const found = have[path];
    // Optional packages are there only on the platform they are for.
    if (!found) return entry.optional === true || entry.devOptional === true || entry.peer === true;
    return entry.link ? found.link === true : found.version === entry.version;
  });
}

function install() {
  const key = installKey();
  if (
    existsSync(STAMP) &&
    readFileSync(STAMP, 'utf8') === key &&
    existsSync(join(root, 'node_modules', '.package-lock.json'))
  )
    return;
  if (!installedByHand()) {
    say('installing packages (npm ci)');
    const started = Date.now();
    // onnxruntime-node's install script would download CUDA files on Linux x64; what seewhy needs is inside the package.
    const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      shell: process.platform === 'win32',
      env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
    });
    if (done.error) throw new StepError(`npm could not be started (${done.error.message}). npm 10 or newer is needed.`);
    if (done.status !== 0)
      throw new StepError('npm ci failed; its message is above. If package.json was edited, run `npm install` once.');
    say(`packages installed in ${seconds(started)}`);
  }
  writeFileSync(STAMP, key);
}

const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

try {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < WANTED_NODE)
    throw new StepError(`Node ${process.versions.node} is too old: seewhy needs Node ${WANTED_NODE} or newer.`);
  const flags = new Set(process.argv.slice(2));
  install();
  if (!flags.has('--no-build')) buildAll({ force: flags.has('--force'), talk: flags.has('--talk') });
} catch (error) {
  if (!(error instanceof StepError)) throw error;
  console.error(`setup: ${error.message}`);
  process.exit(1);
}
