// `npm run demo`: the photos of fixtures/ explained with a real network, as a person would do it on the command line.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup/files.mjs';

const OUT = 'demo';
rmSync(join(root, OUT), { recursive: true, force: true });

const args = [
  'explain',
  'fixtures/models/efficientnet-lite0.onnx',
  'fixtures/photos',
  '--labels',
  'fixtures/models/imagenet-1000-labels.txt',
  '--preprocess',
  'signed',
  '--method',
  'gradcam',
  '--save',
  'overlay,json',
  '--sheet',
  `${OUT}/sheet.png`,
  '--out',
  OUT,
];
console.log(`\n$ npx seewhy ${args.join(' ')}\n`);
const { status } = spawnSync(process.execPath, [join(root, 'packages/seewhy/dist/main.js'), ...args], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
});
if (status !== 0) process.exit(status ?? 1);

const made = readdirSync(join(root, OUT)).sort();
const empty = made.filter((file) => statSync(join(root, OUT, file)).size === 0);
if (empty.length > 0 || !made.includes('sheet.png')) {
  console.error(`demo: ${empty.length > 0 ? `${empty.join(', ')} came out empty` : 'there is no sheet.png'}`);
  process.exit(1);
}
console.log(`\nThe files lie in ${join(root, OUT)}:`);
for (const file of made) console.log(`  ${file}${file === 'sheet.png' ? '   ← all of them on one sheet' : ''}`);
