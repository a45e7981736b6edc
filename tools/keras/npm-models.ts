/**
 * Trained models out of npm packages, as TensorFlow.js files, with Keras's own predictions.
 *   npx tsx tools/keras/npm-models.ts
 * Files go to ${SEEWHY_KERAS:-~/.cache/seewhy/keras}/npm/NAME: model.json, shards, input.npy, output.npy (by npm_reference.py).
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonPeers } from '../test-support/require.ts';
import { kerasFolder } from './folder.ts';

/** nsfwjs (MIT) ships each file of a model as a script: the JSON as an object, a shard as base64. */
const PACKAGE = 'nsfwjs@4.4.0';
const MODELS = ['mobilenet_v2', 'inception_v3'];

const out = join(kerasFolder(), 'npm');
const targets = MODELS.map((name) => ({ name, folder: join(out, `nsfwjs-${name}`) }));
if (targets.some(({ folder }) => !existsSync(join(folder, 'model.json')))) {
  const work = mkdtempSync(join(tmpdir(), 'seewhy-npm-'));
  try {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    execFileSync(npm, ['pack', PACKAGE, '--silent'], { cwd: work, stdio: ['ignore', 'ignore', 'inherit'] });
    const [tarball] = readdirSync(work);
    execFileSync('tar', ['xzf', tarball!], { cwd: work });
    for (const { name, folder } of targets) {
      mkdirSync(folder, { recursive: true });
      const source = join(work, 'package', 'dist', 'models', name);
      const require = createRequire(join(source, 'model.min.js'));
      for (const file of readdirSync(source).filter((entry) => entry.startsWith('group1-')))
        writeFileSync(
          join(folder, file.replace('.min.js', '')),
          Buffer.from(require(join(source, file)) as string, 'base64'),
        );
      // Written last: where it is, the rest is complete.
      writeFileSync(join(folder, 'model.json'), JSON.stringify(require(join(source, 'model.min.js'))));
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
const python = pythonPeers('tensorflow');
if (python) {
  const script = fileURLToPath(new URL('npm_reference.py', import.meta.url));
  for (const { folder } of targets)
    if (!existsSync(join(folder, 'output.npy')))
      execFileSync(python, [script, folder], { stdio: ['ignore', 'inherit', 'ignore'] });
}
for (const { folder } of targets) console.log(`${folder}: ${readdirSync(folder).join(' ')}`);
