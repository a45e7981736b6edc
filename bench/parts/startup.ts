import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cache, python, root } from '../places.ts';
import { type ProcessCost, processCost, summaryOf } from '../process-cost.ts';

export interface StartupCosts {
  seewhy: ProcessCost;
  python: ProcessCost;
  node: ProcessCost;
}

/** From process start to a written PNG: `seewhy explain` (as built), the same in Python, and one plain prediction in Node. */
export async function measureStartup(effort: number): Promise<Record<string, StartupCosts>> {
  const photo = join(root, 'fixtures', 'photos', 'chelsea.png');
  const models = {
    mobilenet_v3_small: join(cache, 'mobilenet_v3_small.onnx'),
    'efficientnet-lite0': join(root, 'fixtures', 'models', 'efficientnet-lite0.onnx'),
  };
  const out = mkdtempSync(join(tmpdir(), 'seewhy-bench-out-'));
  const results: Record<string, StartupCosts> = {};
  try {
    for (const [name, model] of Object.entries(models)) {
      const command = join(root, 'packages', 'seewhy', 'dist', 'main.js');
      const preprocess = name === 'mobilenet_v3_small' ? ['--preprocess', 'imagenet'] : [];
      const sides = {
        seewhy: () =>
          processCost(process.execPath, [
            ...[command, 'explain', model, photo, '-o', join(out, 'seewhy.png'), '--threads', '2', '--force'],
            ...preprocess,
          ]),
        python: () =>
          processCost(python, [join(root, 'bench', 'peers', 'explain_once.py'), name, photo, join(out, 'python.png')]),
        node: () => processCost(process.execPath, [join(root, 'bench', 'peers', 'predict-once.mjs'), model, photo]),
      };
      const times = { seewhy: [] as ProcessCost[], python: [] as ProcessCost[], node: [] as ProcessCost[] };
      const rounds = Math.max(3, Math.round(7 * effort));
      for (let round = 0; round <= rounds; round++) {
        for (const side of ['seewhy', 'python', 'node'] as const) {
          // Files are in the page cache from the first round on, which does not count. Python takes seconds: once a round.
          for (let run = 0; run < (side === 'python' ? 1 : 3); run++) {
            const result = await sides[side]();
            if (round > 0) times[side].push(result);
          }
        }
      }
      const costs = { seewhy: summaryOf(times.seewhy), python: summaryOf(times.python), node: summaryOf(times.node) };
      results[name] = costs;
      console.log(
        `${name}: seewhy ${show(costs.seewhy)}, Python ${show(costs.python)}, one prediction in Node ${show(costs.node)}`,
      );
    }
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
  return results;
}

const show = ({ milliseconds, megabytes }: ProcessCost) =>
  `${(milliseconds / 1000).toFixed(2)} s ${megabytes.toFixed(0)} MB`;
