// `npm run demo`: the photos of fixtures/ explained with a real network, and the audit of a model with a secret, as a person would
// do it on the command line.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup/files.mjs';

const OUT = 'demo';
rmSync(join(root, OUT), { recursive: true, force: true });

function seewhy(...args) {
  console.log(`\n$ npx seewhy ${args.join(' ')}\n`);
  const { status } = spawnSync(process.execPath, [join(root, 'packages/seewhy/dist/main.js'), ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) process.exit(status ?? 1);
}

function fail(what) {
  console.error(`demo: ${what}`);
  process.exit(1);
}

seewhy(
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
);
const made = readdirSync(join(root, OUT)).sort();
const empty = made.filter((file) => statSync(join(root, OUT, file)).size === 0);
if (empty.length > 0) fail(`${empty.join(', ')} came out empty`);
if (!made.includes('sheet.png')) fail('there is no sheet.png');
console.log(`\nThe files lie in ${join(root, OUT)}:`);
for (const file of made) console.log(`  ${file}${file === 'sheet.png' ? '   ← all of them on one sheet' : ''}`);

// Drawn skin lesions and a model that has learned rulers and stickers instead (examples/melanoma).
const AUDIT = `${OUT}/audit`;
seewhy('audit', 'examples/melanoma/shortcut.keras', 'examples/melanoma/manifest.csv', '--out', AUDIT);
const report = join(root, AUDIT, 'report.html');
const findings = JSON.parse(readFileSync(join(root, AUDIT, 'findings.json'), 'utf8'));
if (statSync(report).size === 0) fail('report.html came out empty');
if (!findings.some(({ kind }) => kind === 'shortcut')) fail('the audit did not find the shortcut');
console.log(`\nWhat the audit found, first:`);
for (const { severity, title } of findings.slice(0, 3)) console.log(`  ${severity.padEnd(6)}  ${title}`);
console.log(`\nOpen the report in a browser: ${report}`);
