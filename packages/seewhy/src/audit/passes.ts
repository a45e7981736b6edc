import { availableParallelism } from 'node:os';
import { isSeewhyError } from '@seewhy/onnx';
import { predictedOf } from '@seewhy/report';
import type { DatasetRow } from '../dataset/dataset.ts';
import { isAbort } from '../errors.ts';
import type { Progress } from '../progress.ts';
import { ahead } from './ahead.ts';
import { type ExplainTools, explainTensor, finishExplanation, scoresIn, targetClass } from './explain-row.ts';
import type { Journal } from './journal.ts';
import { type LoadedRow, loadRow, problemWith } from './load-row.ts';
import { classProbabilities, makeRecord } from './make-record.ts';
import type { AuditPlan } from './plan.ts';
import type { Predictor } from './predictor.ts';
import type { RowProblem } from './problems.ts';

/** What is done of each row, by its number: what the journal says. */
export const DONE = { predicted: 1, explained: 2, failed: 4 } as const;

export interface Pass {
  readonly plan: AuditPlan;
  readonly journal: Journal;
  readonly done: Uint8Array;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** Pictures whose reading has begun. More would hold decoded pictures in memory, and the threads are taken anyway. */
const AHEAD = Math.max(3, Math.min(8, availableParallelism() + 1));

type Loaded = { at: number; item: Awaited<ReturnType<typeof loadRow>> };

/** Rows that are wanted, read and decoded ahead of their use. */
function loadedRows({ plan, signal }: Pass, wanted: (at: number) => boolean, batch: number): AsyncGenerator<Loaded> {
  const { opened, dataset, scan, maxPixels, window } = plan;
  const { width, height } = opened.model.image;
  const options = { preprocess: opened.preprocess, input: { width, height }, maxPixels, window };
  const taken = new Uint8Array(scan.ids.size);
  async function* rows(): AsyncGenerator<{ at: number; row: DatasetRow }> {
    let left = scan.rows;
    for await (const item of dataset.rows()) {
      if (signal.aborted || left === 0) return;
      if ('problem' in item) continue;
      const at = scan.numberOf(item);
      // Two rows that are the same in everything are one picture.
      if (at < 0 || taken[at] === 1) continue;
      taken[at] = 1;
      left--;
      if (wanted(at)) yield { at, row: item };
    }
  }
  return ahead(rows(), async ({ at, row }) => ({ at, item: await loadRow(row, options) }), AHEAD + batch);
}

function failed(pass: Pass, at: number, id: string, problem: RowProblem): void {
  pass.journal.append({ kind: 'failed', id, problem });
  pass.done[at]! |= DONE.failed;
  pass.progress.tick(true);
}

const notANumber = (id: string): RowProblem => ({
  code: 'SCORE_NOT_A_NUMBER',
  where: id,
  what: 'A score is not a number. Look for values that overflow, or for a preprocessing that divides by zero.',
});

/** Predicts all rows that are not done. */
export async function predictRows(pass: Pass, predictor: Predictor): Promise<void> {
  const { plan, signal } = pass;
  let waiting: { at: number; loaded: LoadedRow }[] = [];
  const flush = async () => {
    const items = waiting;
    waiting = [];
    if (items.length === 0) return;
    const scores = await scoresOf(
      items.map(({ loaded }) => loaded.tensor),
      predictor,
    );
    for (const [position, { at, loaded }] of items.entries()) {
      const own = scores[position]!;
      if ('error' in own) {
        failed(pass, at, loaded.row.id, problemWith(loaded.row, own.error));
        continue;
      }
      const probabilities = classProbabilities(own, plan);
      if (!probabilities.every(Number.isFinite)) {
        failed(pass, at, loaded.row.id, notANumber(loaded.row.id));
        continue;
      }
      const { record, problems } = makeRecord(loaded, probabilities, plan);
      pass.journal.append({ kind: 'predicted', id: record.id, record, ...(problems.length > 0 ? { problems } : {}) });
      pass.done[at]! |= DONE.predicted;
      pass.progress.tick();
    }
  };
  for await (const { at, item } of loadedRows(pass, (row) => pass.done[row] === 0, predictor.batch)) {
    if (signal.aborted) return;
    if ('failed' in item) failed(pass, at, item.row.id, item.failed);
    else {
      waiting.push({ at, loaded: item });
      if (waiting.length >= predictor.batch) await flush();
    }
  }
  if (!signal.aborted) await flush();
}

type Scores = Float32Array | { error: unknown };

/** Scores of each; where a run of several fails, one run each, so that one bad picture does not take the others with it. */
async function scoresOf(tensors: readonly LoadedRow['tensor'][], predictor: Predictor): Promise<Scores[]> {
  try {
    return await predictor.run(tensors);
  } catch (error) {
    if (tensors.length === 1) return [{ error }];
    const each: Scores[] = [];
    for (const tensor of tensors) each.push(...(await scoresOf([tensor], predictor)));
    return each;
  }
}

/** Predicts and explains all rows that are not done, one run of the program each. */
export async function predictAndExplainRows(pass: Pass, tools: ExplainTools): Promise<void> {
  const { plan, signal } = pass;
  const { target } = plan;
  for await (const { at, item } of loadedRows(pass, (row) => pass.done[row] === 0, 0)) {
    if (signal.aborted) return;
    if ('failed' in item) {
      failed(pass, at, item.row.id, item.failed);
      continue;
    }
    const { id } = item.row;
    try {
      const known = target.kind === 'class' ? target.index : undefined;
      let explanations = await explainTensor(item.tensor, known, tools);
      const probabilities = classProbabilities(scoresIn(explanations[0]!, plan), plan);
      if (!probabilities.every(Number.isFinite)) {
        failed(pass, at, id, notANumber(id));
        continue;
      }
      const { record, problems } = makeRecord(item, probabilities, plan);
      const wanted = targetClass(record, predictedOf(record, plan), plan);
      // The best class is found in the graph; a threshold or a label may mean another one.
      if (known === undefined && plan.order[wanted] !== explanations[0]!.target.index)
        explanations = await explainTensor(item.tensor, wanted, tools);
      if (isCutOff(explanations, plan)) return;
      const explained = await finishExplanation(item, explanations, wanted, probabilities[wanted]!, tools);
      pass.journal.append({
        kind: 'predicted',
        id,
        record: { ...record, ...explained },
        ...(problems.length > 0 ? { problems } : {}),
      });
      pass.done[at]! |= DONE.predicted | DONE.explained;
      pass.progress.tick();
    } catch (error) {
      if (isAbort(error)) return;
      if (!isPictures(error)) throw error;
      failed(pass, at, id, error.code === 'SCORE_NOT_A_NUMBER' ? notANumber(id) : problemWith(item.row, error));
    }
  }
}

/** A picture that was chosen, as far as its explanation needs it. */
export interface Chosen {
  readonly target: number;
  /** Probability of that class. */
  readonly before: number;
}

/** Explains chosen rows that are predicted already. */
export async function explainRows(pass: Pass, tools: ExplainTools, chosen: ReadonlyMap<number, Chosen>): Promise<void> {
  const { plan, signal } = pass;
  const wanted = (at: number) => chosen.has(at) && (pass.done[at]! & DONE.explained) === 0;
  for await (const { at, item } of loadedRows(pass, wanted, 0)) {
    if (signal.aborted) return;
    const { id } = item.row;
    const { target, before } = chosen.get(at)!;
    try {
      if ('failed' in item) {
        // It could be read a while ago.
        explainedNot(pass, at, id, item.failed);
        continue;
      }
      const explanations = await explainTensor(item.tensor, target, tools);
      if (isCutOff(explanations, plan)) return;
      const explained = await finishExplanation(item, explanations, target, before, tools);
      pass.journal.append({ kind: 'explained', id, ...explained });
      pass.done[at]! |= DONE.explained;
      pass.progress.tick();
    } catch (error) {
      if (isAbort(error)) return;
      if (!isPictures(error)) throw error;
      explainedNot(pass, at, id, problemWith(item.row, error));
    }
  }
}

function explainedNot(pass: Pass, at: number, id: string, problem: RowProblem): void {
  pass.journal.append({ kind: 'explained', id, maps: {}, problem });
  pass.done[at]! |= DONE.explained;
  pass.progress.tick(true);
}

/** A sampling method that was interrupted gives an estimate of fewer samples, or none: that picture is done anew. */
const isCutOff = (explanations: readonly { sampling?: { interrupted: boolean } }[], { methods }: AuditPlan): boolean =>
  explanations.length < methods.length || explanations.some(({ sampling }) => sampling?.interrupted);

/** Errors of a run that belong to one picture; a full disk is not one of them. */
const isPictures = (error: unknown): error is Error & { code: string } =>
  isSeewhyError(error) && !/^(DISK_|OUTPUT_|RUNTIME_)/.test(error.code);
