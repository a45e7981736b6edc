// Measures what RESULTS.md says and writes it.
//
//   npm run bench                             everything (about 40 minutes)
//   npm run bench -- programs startup …       some parts; the others keep their last figures
//   npm run bench -- --effort 0.3             fewer repetitions
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureAudit } from './parts/audit.ts';
import { measureDisk } from './parts/disk.ts';
import { measureFolder } from './parts/folder.ts';
import { measureMelanoma } from './parts/melanoma.ts';
import { measurePrograms } from './parts/programs.ts';
import { measureSampling } from './parts/sampling.ts';
import { measureStartup } from './parts/startup.ts';
import { measureTraining } from './parts/training.ts';
import { cache, type Environment, needPeers, pythonOf, root } from './places.ts';
import { type Measured, report } from './report.ts';
import { versions } from './versions.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { effort: { type: 'string', default: '1' } },
});
const effort = Number(values.effort);
const PARTS = {
  programs: measurePrograms,
  sampling: measureSampling,
  startup: measureStartup,
  disk: measureDisk,
  folder: measureFolder,
  audit: measureAudit,
  melanoma: measureMelanoma,
  training: measureTraining,
} as const;
const unknown = positionals.filter((part) => !(part in PARTS));
if (unknown.length > 0 || !(effort > 0)) {
  console.error(`usage: npm run bench -- [${Object.keys(PARTS).join('] [')}] [--effort 1]`);
  process.exit(2);
}
const parts = (positionals.length > 0 ? positionals : Object.keys(PARTS)) as (keyof typeof PARTS)[];
/** The peers that a part runs beside. */
const environmentOf = (part: keyof typeof PARTS): Environment =>
  part === 'melanoma' || part === 'training' ? 'tensorflow' : 'torch';
const MODELS: Record<Environment, string> = { torch: 'models.py', tensorflow: 'keras_models.py' };
mkdirSync(cache, { recursive: true });
for (const environment of new Set(parts.map(environmentOf))) {
  needPeers(environment);
  execFileSync(pythonOf(environment), [join(root, 'bench', 'peers', MODELS[environment])], {
    stdio: ['ignore', 'inherit', 'ignore'],
  });
}

const record = join(cache, 'measured.json');
const measured: Measured = existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')) : {};
for (const part of parts) {
  const figures = await PARTS[part](effort);
  Object.assign(measured, {
    [part]: { date: new Date().toISOString().slice(0, 10), versions: versions(environmentOf(part)), figures },
  });
  writeFileSync(record, JSON.stringify(measured, null, 1));
}
writeFileSync(join(root, 'bench', 'RESULTS.md'), report(measured));
console.log('written: bench/RESULTS.md');
