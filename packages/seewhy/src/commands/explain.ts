import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { ExplainProgram } from '@seewhy/core';
import type { Draw } from '../draw.ts';
import { exitCodeOfRun } from '../errors.ts';
import { explainAll } from '../explain-run.ts';
import { interruptible } from '../interrupt.ts';
import { makeFolder, OutputFiles, writeAtomically } from '../output-files.ts';
import { startProgress } from '../progress.ts';
import { gateFields } from '../record.ts';
import type { ExplanationDocument, ExplanationRecord, FailureRecord } from '../schema.ts';
import { print } from '../talk.ts';
import { explainDryRun } from './explain-dry-run.ts';
import { ExplainTalk } from './explain-talk.ts';
import { type ExplainCommandOptions, type ExplainPlan, planExplain } from './plan-explain.ts';

/** `seewhy explain MODEL SOURCE…` */
export async function explain(path: string, args: string[], options: ExplainCommandOptions): Promise<number> {
  const plan = await planExplain(path, args, options);
  if (options.dryRun) return explainDryRun(plan, options);
  return interruptible((signal) => run(plan, options, signal));
}

async function run(plan: ExplainPlan, options: ExplainCommandOptions, signal: AbortSignal): Promise<number> {
  const { opened, sources } = plan;
  const started = performance.now();
  const talk = new ExplainTalk(options, sources.length);
  for (const notice of plan.notices) talk.notice(notice);
  const files = new OutputFiles(plan.to, options.force === true);
  const records: ExplanationRecord[] = [];
  const failures: FailureRecord[] = [];
  const tallies = plan.gates.map((gate) => ({ gate, failed: 0 }));
  const sheet =
    options.sheet === undefined
      ? undefined
      : new (await import('../sheet.ts')).Sheet(
          `${plan.resolved.methods.map(({ method }) => method.title).join(', ')}: ${basename(opened.path)}`,
        );
  const written: string[] = [];
  await files.prepare();
  const program = await ExplainProgram.open(opened.model, plan.asked);
  const progress = startProgress({ total: sources.length, unit: 'pictures', quiet: options.quiet === true });
  let results = 0;
  try {
    await explainAll(plan.lookahead, {
      opened,
      program,
      targets: plan.targets.own,
      save: plan.save,
      files,
      draw: { colormap: plan.colormap, opacity: options.opacity, preset: options.preset },
      batch: plan.batch,
      top: options.top ?? 5,
      sha256: once(() => createHash('sha256').update(opened.bytes).digest('hex')),
      seed: options.seed,
      maxPixels: options.maxPixels,
      signal,
      onDone: (done, source, draws: readonly Draw[]) => {
        results += done.length;
        for (const record of done) {
          for (const tally of tallies) if (tally.gate.fails(gateFields(record))) tally.failed++;
          if (options.jsonl) print(JSON.stringify(record));
        }
        if (options.json) records.push(...done);
        sheet?.add(draws, source.path);
        progress.clear();
        talk.picture(source, done);
        progress.tick();
      },
      onSamples: (done, total) => progress.within(done, total, 'samples'),
      onFailed: (failure) => {
        failures.push(failure);
        if (options.jsonl) print(JSON.stringify(failure));
        progress.clear();
        talk.failure(failure);
        progress.tick(true);
      },
    });
    if (sheet && options.sheet && sheet.size > 0) {
      await makeFolder(dirname(options.sheet));
      const target = options.force ? options.sheet : await freeName(options.sheet);
      await writeAtomically(target, await sheet.bytes(), options.force === true);
      written.push(target);
    }
  } finally {
    progress.end();
    await program.release();
  }
  const gateFailed = tallies.some((tally) => tally.failed > 0);
  const code = exitCodeOfRun({ interrupted: signal.aborted, gateFailed, inputsFailed: failures.length > 0 });
  if (options.json) {
    const document: ExplanationDocument = {
      schema: 'seewhy/explanations/v1',
      status: signal.aborted ? 'interrupted' : 'done',
      exitCode: code,
      results: records,
      failures,
      gates: tallies.map(({ gate, failed }) => ({ condition: gate.text, failed })),
      notices: [...plan.notices],
      files: written,
    };
    print(JSON.stringify(document, null, 2));
  }
  talk.end({
    pictures: sources.length,
    results,
    failures,
    seconds: (performance.now() - started) / 1000,
    to: plan.to,
    written,
    interrupted: signal.aborted,
    gates: tallies.map(({ gate, failed }) => ({ condition: gate.text, failed })),
  });
  return code;
}

/** Made when the first record needs it: while its picture is being encoded in another thread. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** A sheet of an earlier run is numbered around, as all files are. */
async function freeName(path: string): Promise<string> {
  const { stat } = await import('node:fs/promises');
  for (let number = 1; ; number++) {
    const name = number === 1 ? path : path.replace(/(\.png)$/i, `-${number}$1`);
    if (!(await stat(name).catch(() => undefined))) return name;
  }
}
