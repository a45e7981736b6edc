/**
 * Trained TensorFlow.js graph models out of npm packages, with TensorFlow's own predictions.
 *   npx tsx tools/keras-graph/npm-models.ts
 * Files go to ${SEEWHY_KERAS:-~/.cache/seewhy/keras}/npm/NAME: model.json, shards, input.npy, output.npy (by npm_reference.py).
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kerasFolder } from '../keras/folder.ts';
import { pythonPeers } from '../test-support/require.ts';

interface Source {
  readonly name: string;
  readonly package: string;
  /** Brings the model's files from the unpacked package into a folder, model.json last. */
  readonly take: (from: string, folder: string) => void;
}

const SOURCES: readonly Source[] = [
  {
    // MIT; each file is a script: the JSON as an object, a shard as base64.
    name: 'nsfwjs-mobilenet_v2_mid',
    package: 'nsfwjs@4.4.0',
    take: (from, folder) => {
      const source = join(from, 'dist', 'models', 'mobilenet_v2_mid');
      const require = createRequire(join(source, 'model.min.js'));
      for (const file of readdirSync(source).filter((entry) => entry.startsWith('group1-')))
        writeFileSync(
          join(folder, file.replace('.min.js', '')),
          Buffer.from(require(join(source, file)) as string, 'base64'),
        );
      writeFileSync(join(folder, 'model.json'), JSON.stringify(require(join(source, 'model.min.js'))));
    },
  },
  {
    // MIT.
    name: 'human-emotion',
    package: '@vladmandic/human@3.3.6',
    take: (from, folder) => {
      copyFileSync(join(from, 'models', 'emotion.bin'), join(folder, 'emotion.bin'));
      copyFileSync(join(from, 'models', 'emotion.json'), join(folder, 'model.json'));
    },
  },
];

const out = join(kerasFolder(), 'npm');
for (const { name, package: wanted, take } of SOURCES) {
  const folder = join(out, name);
  if (existsSync(join(folder, 'model.json'))) continue;
  const work = mkdtempSync(join(tmpdir(), 'seewhy-npm-'));
  try {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    execFileSync(npm, ['pack', wanted, '--silent'], { cwd: work, stdio: 'ignore' });
    const [tarball] = readdirSync(work);
    execFileSync('tar', ['xzf', tarball!], { cwd: work });
    mkdirSync(folder, { recursive: true });
    take(join(work, 'package'), folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
const python = pythonPeers('tensorflow');
const script = fileURLToPath(new URL('npm_reference.py', import.meta.url));
for (const { name } of SOURCES) {
  const folder = join(out, name);
  if (python && !existsSync(join(folder, 'output.npy')))
    execFileSync(python, [script, folder], { stdio: ['ignore', 'inherit', 'ignore'] });
  console.log(`${folder}: ${readdirSync(folder).join(' ')}`);
}
