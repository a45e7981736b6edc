import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { preprocessPicture, type RunTensor } from '@seewhy/core';
import { Journal } from '../../packages/seewhy/src/audit/journal.ts';
import { makePlan } from '../../packages/seewhy/src/audit/make-plan.ts';
import { predictRows } from '../../packages/seewhy/src/audit/passes.ts';
import { Predictor } from '../../packages/seewhy/src/audit/predictor.ts';
import { decodePicture } from '../../packages/seewhy/src/picture/decode.ts';
import { loadSharp } from '../../packages/seewhy/src/picture/sharp.ts';
import { costs, interleave, timed } from '../measure.ts';
import { cache, root } from '../places.ts';
import { makePhotos, PHOTOS } from './folder.ts';

export interface AuditCosts {
  /** Milliseconds a picture: the model's runs alone, on tensors that are ready. */
  runs: number;
  /** A loop that decodes, preprocesses and runs one picture after the other. */
  loop: number;
  /** The audit's prediction pass over the same pictures: journal, hashes and statistics included. */
  audit: number;
}

/** The audit's first pass beside plain inference on the same pictures, turn by turn in one process. */
export async function measureAudit(effort: number): Promise<Record<string, AuditCosts>> {
  const photos = await makePhotos();
  await loadSharp();
  const results: Record<string, AuditCosts> = {};
  const models = {
    'efficientnet-lite0': join(root, 'fixtures', 'models', 'efficientnet-lite0.onnx'),
    resnet50: join(cache, 'resnet50.onnx'),
  };
  const scratch = mkdtempSync(join(tmpdir(), 'seewhy-bench-audit-'));
  const files = readdirSync(photos).map((name) => join(photos, name));
  let runs = 0;
  try {
    for (const [name, path] of Object.entries(models)) {
      const { plan } = await makePlan(path, photos, { preprocess: 'imagenet', threads: 2, explain: { kind: 'panel' } });
      const predictor = await Predictor.open(plan.opened.model, 1);
      const { width, height } = plan.opened.model.image;
      const tensorOf = async (file: string): Promise<RunTensor> => {
        const picture = await decodePicture(readFileSync(file));
        return preprocessPicture(picture, plan.opened.preprocess, { width, height }).tensor;
      };
      const ready: RunTensor[] = [];
      for (const file of files) ready.push(await tensorOf(file));
      const pass = async () => {
        const journal = Journal.open(join(scratch, `${runs++}.jsonl`));
        const progress = {
          tick: () => undefined,
          within: () => undefined,
          end: () => undefined,
          clear: () => undefined,
        };
        const done = new Uint8Array(plan.scan.ids.size);
        await predictRows({ plan, journal, done, progress, signal: new AbortController().signal }, predictor);
        journal.close();
        if (done.some((state) => state !== 1)) throw new Error('a picture was not predicted');
      };
      const times = await interleave(
        {
          runs: () =>
            timed(async () => {
              for (const tensor of ready) await predictor.run([tensor]);
            }),
          loop: () =>
            timed(async () => {
              for (const file of files) await predictor.run([await tensorOf(file)]);
            }),
          audit: () => timed(pass),
        },
        { blocks: Math.max(3, Math.round(8 * effort)), runs: 1 },
      );
      await predictor.release();
      await plan.dataset.close();
      const whole = costs(times, 'loop');
      const [alone, loop, audit] = [whole.runs / PHOTOS, whole.loop / PHOTOS, whole.audit / PHOTOS];
      results[name] = { runs: alone, loop, audit };
      console.log(
        `${name}: ${audit.toFixed(1)} ms a picture; throughput ${(loop / audit).toFixed(2)} of a plain loop, ${(alone / audit).toFixed(2)} of the runs alone`,
      );
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return results;
}
