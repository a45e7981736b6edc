/**
 * Which of the worlds that `shortcut_worlds.py` made are accused of a shortcut, by the built command:
 *
 *     npx tsx tools/findings/tried.ts OUT [PICK [DATA…]]
 *
 * PICK: only worlds whose name contains it (`''`: all). DATA: `data.csv` (masks) and `bare.csv` (none) where nothing is said; also `folders`, `coco`, `voc`.
 * Audits what has not been audited yet (OUT/<world>/out-<model>-<data>), then makes the findings anew from the audits' journals with the sources as they
 * are: after a change of the findings nothing needs to run again. Prints severity, and how many of the accused pictures have the mark. SHOW=1: the evidence.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { type AuditRecord, type AuditRun, clusterMaps, findingsOf } from '../../packages/report/src/index.ts';

const MAIN = new URL('../../packages/seewhy/dist/main.js', import.meta.url).pathname;
const MODELS = ['shortcut', 'clean'];

const [out, pick = '', ...data] = process.argv.slice(2);
if (out === undefined) throw new Error('Say where the worlds lie: npx tsx tools/findings/tried.ts OUT');
for (const world of readdirSync(out).sort()) {
  if (!world.includes(pick) || !existsSync(join(out, world, 'classes.txt'))) continue;
  const marked = readFileSync(join(out, world, 'marked.txt'), 'utf8')
    .trim()
    .split('\n')
    .map(Number);
  for (const name of MODELS)
    for (const source of data.length > 0 ? data : ['data.csv', 'bare.csv']) {
      const folder = join(out, world);
      const model = ['onnx', 'keras'].map((ending) => join(folder, `${name}.${ending}`)).find(existsSync);
      if (model === undefined || !existsSync(join(folder, source))) continue;
      const run = join(folder, `out-${name}-${basename(source, '.csv')}`);
      if (!existsSync(join(run, 'findings.json'))) await audit(folder, model, source, run);
      tell(`${world} ${name} ${source}`, run, marked);
    }
}

async function audit(folder: string, model: string, source: string, run: string): Promise<void> {
  const unit = model.endsWith('.onnx') ? ['--preprocess', 'unit'] : [];
  const where = ['--labels', join(folder, 'classes.txt'), '--out', run, '--force', '--threads', '1'];
  await promisify(execFile)(process.execPath, [MAIN, 'audit', model, join(folder, source), ...where, ...unit]);
}

function tell(what: string, folder: string, marked: readonly number[]): void {
  const run = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')) as AuditRun & { readonly seed?: number };
  const records = readFileSync(join(folder, 'journal.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly kind: string; readonly record?: AuditRecord })
    .flatMap(({ kind, record }) => (kind === 'predicted' && record ? [record] : []));
  const found = findingsOf(run, records, clusterMaps(run, records, 0)).filter(({ kind }) => kind === 'shortcut');
  console.log(`${what.padEnd(40)} ${found.map(({ severity }) => severity).join(', ') || 'silent'}`);
  for (const { severity, title, evidence, ids } of found) {
    const having = ids.filter((id) => marked[Number(/(\d+)$/.exec(id)?.[1])]! > 0).length;
    console.log(`    ${severity.padEnd(6)} ${title}; marked ${having} of ${ids.length}`);
    if (process.env.SHOW) console.log(`           ${evidence}`);
  }
}
