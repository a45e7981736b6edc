import { createHash } from 'node:crypto';
import { type ExplainProgram, type Explanation, encodeNpy, type RunTensor, type Target, TOP } from '@seewhy/core';
import {
  type AuditRecord,
  boxAverage,
  coveredPictures,
  type MapRecord,
  mapRecordOf,
  patchAt,
  probePictures,
} from '@seewhy/report';
import { fileName, writeAtomically } from '../output-files.ts';
import { digits, rounded } from './digits.ts';
import type { LoadedRow } from './load-row.ts';
import { classProbabilities } from './make-record.ts';
import type { AuditPlan } from './plan.ts';
import { type Predictor, tensorOfSeen } from './predictor.ts';

/** Significant digits of what is measured on a map. */
const DIGITS = 6;

export interface ExplainTools {
  readonly plan: AuditPlan;
  readonly program: ExplainProgram;
  /** For pictures with parts covered; undefined with `--no-cover`. */
  readonly predictor: Predictor | undefined;
  /** Path of a file in the run's folder. */
  readonly file: (...names: readonly string[]) => string;
  readonly signal: AbortSignal;
}

/** What was found out about one picture by its maps. */
export interface Explained {
  readonly maps: Readonly<Record<string, MapRecord>>;
  readonly probes?: NonNullable<AuditRecord['probes']>;
}

/** A class of the audit as the core's target. */
export const targetOf = (index: number, { order, classes }: AuditPlan): Target => ({
  kind: 'class',
  index: order[index]!,
  asked: classes[index]!,
});

/** The class that a record's map speaks for. @param predicted what the decision is, where it says one class */
export function targetClass(
  record: Pick<AuditRecord, 'label' | 'scores'>,
  predicted: readonly number[] | undefined,
  { target }: AuditPlan,
): number {
  if (target.kind === 'class') return target.index;
  if (target.kind === 'label' && record.label?.[0] !== undefined) return record.label[0];
  // A multi-label head may decide for several classes or none: the likeliest speaks.
  return predicted?.length === 1 ? predicted[0]! : record.scores[0]![0];
}

/** The maps of one class, a run of the program. @param index class of the audit; undefined: the best one, found in the graph */
export async function explainTensor(
  tensor: RunTensor,
  index: number | undefined,
  { program, plan, signal }: ExplainTools,
): Promise<Explanation[]> {
  const targets = [[index === undefined ? TOP : targetOf(index, plan)]];
  const [explanations] = await program.run([tensor], { signal, targets });
  return explanations!;
}

/** The scores that came with an explanation, as the model gives them. Its predictions must hold all classes. */
export function scoresIn(explanation: Explanation, { opened }: AuditPlan): Float64Array {
  const { output } = opened.model;
  if (output.binary) return Float64Array.of(explanation.predictions.find(({ index }) => index === 1)!.logit);
  const scores = new Float64Array(output.classes);
  for (const { index, logit } of explanation.predictions) scores[index] = logit;
  return scores;
}

/** Measures the maps of a picture, writes them as files and runs the picture with parts covered. */
export async function finishExplanation(
  loaded: LoadedRow,
  explanations: readonly Explanation[],
  target: number,
  before: number,
  tools: ExplainTools,
): Promise<Explained> {
  const { plan, file } = tools;
  const maps: Record<string, MapRecord> = {};
  for (const [position, explanation] of explanations.entries()) {
    const { method, map, range, diagnosis } = explanation;
    const fields = mapRecordOf(map, loaded.mask);
    const name = `${slugOfId(loaded.row.id)}.${fileName(method)}.npy`;
    await writeAtomically(file('maps', name), npyOf(map, plan.mapSize), true);
    const covered =
      tools.predictor && position < plan.coverMethods
        ? await coveredOf(loaded, fields.grid, target, before, tools.predictor, plan)
        : undefined;
    maps[method] = {
      target,
      file: `maps/${name}`,
      range: [finite(range[0]), finite(range[1])],
      ...rounded(fields, DIGITS),
      flat: diagnosis.flat,
      warnings: diagnosis.warnings,
      patch: patchAt(loaded.seen, fields.peak),
      ...(covered ? { covered } : {}),
    };
  }
  const probes = tools.predictor && (await probesOf(loaded, target, before, tools.predictor, plan));
  return { maps, ...(probes ? { probes } : {}) };
}

const finite = (value: number): number => (Number.isFinite(value) ? digits(value, DIGITS) : 0);

/** The finished map, averaged down where its longer side is over `most` pixels (0: as it is). */
function npyOf({ width, height, data }: Explanation['map'], most: number): Uint8Array {
  const scale = most > 0 ? most / Math.max(width, height) : 1;
  if (scale >= 1) return encodeNpy({ dims: [height, width], data });
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  return encodeNpy({ dims: [h, w], data: Float32Array.from(boxAverage(data, width, height, w, h)) });
}

/** Ids of strangers may be long, alike but for letter case, or full of what no file name takes: a readable beginning and a hash. */
export const slugOfId = (id: string): string =>
  `${fileName(id.slice(-60)).replace(/^\.+/, '')}-${createHash('sha256').update(id).digest('hex').slice(0, 10)}`;

/** Probability of a class for each of some changed pictures. */
async function runChanged<Name extends string>(
  pictures: Partial<Record<Name, LoadedRow['seen']>>,
  target: number,
  predictor: Predictor,
  plan: AuditPlan,
): Promise<Partial<Record<Name, number>>> {
  const entries = Object.entries(pictures) as [Name, LoadedRow['seen']][];
  const scores = await predictor.run(entries.map(([, picture]) => tensorOfSeen(picture, plan.opened.preprocess)));
  const found: Partial<Record<Name, number>> = {};
  for (const [at, [name]] of entries.entries()) {
    const probability = classProbabilities(scores[at]!, plan)[target]!;
    if (Number.isFinite(probability)) found[name] = probability;
  }
  return found;
}

async function coveredOf(
  { seen, mask }: LoadedRow,
  grid: string,
  target: number,
  before: number,
  predictor: Predictor,
  plan: AuditPlan,
): Promise<MapRecord['covered']> {
  const pictures = coveredPictures(seen, grid, mask);
  if (!pictures) return undefined;
  const { hot, cold, outside } = await runChanged(pictures, target, predictor, plan);
  if (hot === undefined || cold === undefined) return undefined;
  return { before, hot, cold, ...(outside === undefined ? {} : { outside }) };
}

const probesOf = async (
  { seen, mask }: LoadedRow,
  target: number,
  before: number,
  predictor: Predictor,
  plan: AuditPlan,
): Promise<AuditRecord['probes']> => ({
  target,
  before,
  ...(await runChanged(probePictures(seen, mask), target, predictor, plan)),
});
