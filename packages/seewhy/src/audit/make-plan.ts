import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import {
  assertTakesPictures,
  type ExplainOptions,
  findMethod,
  type ResolvedOptions,
  resolveOptions,
  stagesOf,
  usesLayer,
} from '@seewhy/core';
import type { AuditMethod } from '@seewhy/report';
import { openDataset } from '../dataset/dataset.ts';
import { errors } from '../errors.ts';
import { givenLayers } from '../given-layers.ts';
import { type Beside, findBeside, readLabels } from '../labels.ts';
import { readMethodOptions } from '../method-options.ts';
import type { ModelFile } from '../model-file.ts';
import { labelsOf, type OpenedModel, openModel, readModel } from '../open-model.ts';
import { loadOptions } from '../options.ts';
import { guessedNotice } from '../preprocess-facts.ts';
import { auditErrors } from './audit-errors.ts';
import { parseAuditGate } from './audit-gate.ts';
import { type AuditCommandOptions, chooserText } from './audit-options.ts';
import { classMapOf, readClassMap } from './class-map.ts';
import { headOf, withHead } from './head.ts';
import { MOST_CLASSES } from './make-record.ts';
import type { AuditPlan, AuditTarget, Chooser } from './plan.ts';
import { Problems } from './problems.ts';
import { scanRows } from './scan.ts';

/** What a run must have in common with the one it goes on with. */
export type Identity = Readonly<Record<string, string | number | boolean | null>>;

export interface MadePlan {
  readonly plan: AuditPlan;
  readonly resolved: ResolvedOptions;
  readonly identity: Identity;
  readonly modelSha: string;
  readonly datasetSha: string;
}

/** Up to so many pictures all are explained by default: with graph methods, which cost about two predictions, and with sampling ones. */
const ALL = { graph: 2000, sampling: 100 } as const;
/** Beyond, so many a cell of a binary head. */
const PER_CELL = { graph: 250, sampling: 25 } as const;
/** Methods whose maps are covered: each costs two or three predictions a picture. */
const COVERED_METHODS = 2;

/** Reads and checks everything an audit needs; nothing is written. */
export async function makePlan(path: string, dataPath: string, options: AuditCommandOptions): Promise<MadePlan> {
  // A model that is not there is the first thing to say.
  const [file, beside, written, given] = await Promise.all([
    readModel(path, options.size),
    findBeside(path),
    options.classMap === undefined ? undefined : readClassMap(options.classMap),
    options.labels === undefined ? undefined : readLabels(options.labels),
  ]);
  const named = given ?? labelsOf(undefined, file, beside);
  const dataset = await openDataset(dataPath, {
    ...(options.imageRoot === undefined ? {} : { imageRoot: options.imageRoot }),
    ...(options.id === undefined ? {} : { id: options.id }),
    ...(options.column === undefined ? {} : { columns: options.column }),
    ...(options.delimiter === undefined ? {} : { delimiter: options.delimiter }),
    ...(named === undefined ? {} : { classes: named.labels }),
  });
  const seed = options.seed ?? 0;
  const problems = new Problems();
  const scan = await scanRows(
    dataset,
    { limit: options.limit, sample: options.sample, split: options.split, seed },
    problems,
  );
  if (scan.rows === 0) {
    if (options.split !== undefined && scan.walked === 0)
      throw auditErrors.splitUnknown(options.split, [...scan.splits]);
    const [first] = problems.list();
    throw auditErrors.noRows(dataPath, first ? `${first.message.replace(/\.$/, '')}` : 'it holds no pictures');
  }

  const { opened, head } = await openHead(path, { file, beside }, options, scan.several);
  assertTakesPictures(opened.model.image);
  const modelNames = given?.labels ?? opened.model.labels;
  if (given && given.labels.length !== head.classes)
    throw errors.labelsCount(given.from, given.labels.length, head.classes);
  const classMap = classMapOf({
    classes: head.classes,
    modelNames,
    labels: scan.labels,
    listed: dataset.classes,
    ...(dataset.otherLabels === undefined ? {} : { otherLabels: dataset.otherLabels }),
    written,
    ...(options.classMap === undefined ? {} : { writtenFrom: options.classMap }),
  });
  const notices = [...opened.notices, `Head: ${head.reason}.`, ...classMap.notices];
  if (opened.preprocessGuessed) notices.push(guessedNotice(opened));

  const { task } = head;
  const classIndex = (flag: string, name: string) => {
    const index = classMap.classOf(name);
    if (typeof index !== 'number') throw auditErrors.classUnknown(flag, name, classMap.names);
    return index;
  };
  if (options.positive !== undefined && task !== 'binary') throw auditErrors.needsBinary('--positive', task);
  const positive = options.positive === undefined ? 1 : classIndex('--positive', options.positive);
  // The audit's order of a binary head is negative, positive.
  const order =
    task === 'binary' ? [1 - positive, positive] : Array.from({ length: head.classes }, (_, index) => index);
  const classes = order.map((index) => classMap.names[index]!);
  const threshold = options.threshold ?? 0.5;
  if (task === 'binary')
    notices.push(
      `Positive class: ${classes[1]}${options.positive === undefined ? '; --positive says otherwise' : ''}. Decided as such from a probability of ${threshold} on.`,
    );
  else if (task === 'multilabel') notices.push(`Each class is decided for from a probability of ${threshold} on.`);
  else if (options.threshold !== undefined)
    notices.push('--threshold has no say: of several classes the likeliest is decided for.');
  const { target, targetText } = targetOf(options.target, task, classes, (name) =>
    order.indexOf(classIndex('--target', name)),
  );

  const explaining: ExplainOptions = {
    methods: options.method ?? ['gradcam'],
    targets: [],
    ...givenLayers(options.layer, opened),
    ...(options.score ? { score: options.score } : {}),
    ...(options.preset ? { preset: options.preset } : {}),
    ...(options.fusion ? { fusion: options.fusion } : {}),
    ...(await readMethodOptions(options, opened)),
    top: opened.model.output.classes,
    seed,
  };
  const resolved = resolveOptions(opened.model, explaining);
  const sampling = resolved.methods.some(({ method }) => method.kind === 'sampling');
  const { chooser, why } = chooserOf(options.explain, scan.rows, task, head.classes, sampling);
  if (why) notices.push(why);
  const methods = auditMethods(resolved);
  const cover = options.cover !== false;
  if (cover && methods.length > COVERED_METHODS)
    notices.push(
      `The test with covered parts is made for the maps of ${methods
        .slice(0, COVERED_METHODS)
        .map(({ name }) => name)
        .join(' and ')} only.`,
    );
  let batch = options.batch ?? 1;
  if (batch > 1 && opened.model.batch === 'fixed') {
    notices.push(`--batch ${batch} is not possible, pictures go one by one: ${opened.model.batchReason}.`);
    batch = 1;
  }
  const gates = (options.failOn ?? []).map((text) =>
    parseAuditGate(text, { task, classes, threshold, methods, ...(task === 'binary' ? { positive: 1 } : {}) }),
  );
  const plan: AuditPlan = {
    opened,
    dataset,
    scan,
    head,
    task,
    classMap,
    classes,
    order,
    positive: task === 'binary' ? 1 : undefined,
    threshold,
    target,
    targetText,
    methods,
    explaining,
    chooser,
    explainText: chooserText(chooser),
    coverMethods: cover ? COVERED_METHODS : 0,
    seed,
    batch,
    mapSize: options.mapSize ?? 128,
    maxPixels: options.maxPixels,
    window: options.levels,
    patient: options.patient,
    gates,
    problems,
    notices,
  };
  const modelSha = modelHash(file);
  const datasetSha = await dataset.sha256();
  return { plan, resolved, modelSha, datasetSha, identity: identityOf(plan, options, modelSha, datasetSha) };
}

/** Opens the model; one that ends in logits of single classes is opened with the activation that was assumed. */
async function openHead(
  path: string,
  { file, beside }: { readonly file: ModelFile; readonly beside: Beside },
  options: AuditCommandOptions,
  several: boolean,
) {
  // Labels are counted against the head, not against the outputs: a single one stands for two classes.
  const { labels: _, ...load } = loadOptions(options);
  const sampled = (options.method ?? []).some((name) => name === 'auto' || findMethod(name).kind === 'sampling');
  const opening = {
    ...load,
    beside,
    batch: (options.batch ?? 1) > 1 || sampled ? ('free' as const) : ('one' as const),
  };
  const opened: OpenedModel = await openModel(path, { ...opening, file: Promise.resolve(file) });
  const head = await headOf(opened.model, several, options.activation);
  if (!head.append) return { opened, head };
  const { graph, output } = withHead(file.graph, opened.model.output.name, head.append);
  return { opened: await openModel(path, { ...opening, output, file: Promise.resolve({ ...file, graph }) }), head };
}

function targetOf(
  asked: string | undefined,
  task: AuditPlan['task'],
  classes: readonly string[],
  classIndex: (name: string) => number,
): { target: AuditTarget; targetText: string } {
  const wanted = asked?.trim().toLowerCase() ?? 'predicted';
  const known = classes.some((name) => name.toLowerCase() === wanted);
  if (!known && (wanted === 'predicted' || wanted === 'top'))
    return { target: { kind: 'predicted' }, targetText: 'predicted' };
  if (!known && wanted === 'label') return { target: { kind: 'label' }, targetText: 'label' };
  if (!known && wanted === 'positive') {
    if (task !== 'binary') throw auditErrors.needsBinary('--target positive', task);
    return { target: { kind: 'class', index: 1 }, targetText: 'positive' };
  }
  const index = classIndex(asked!);
  return { target: { kind: 'class', index }, targetText: classes[index]! };
}

function chooserOf(
  asked: Chooser | undefined,
  rows: number,
  task: AuditPlan['task'],
  classes: number,
  sampling: boolean,
): { chooser: Chooser; why?: string } {
  if (asked) return { chooser: asked };
  const kind = sampling ? 'sampling' : 'graph';
  if (rows <= ALL[kind])
    return { chooser: { kind: 'all' }, why: 'All pictures are explained; --explain says otherwise.' };
  const many = `More than ${ALL[kind].toLocaleString('en')} pictures`;
  if (task !== 'binary' && (classes > MOST_CLASSES || sampling))
    return {
      chooser: { kind: 'panel' },
      why: `${many}: those that the panels show are explained; --explain says otherwise.`,
    };
  const count = task === 'binary' ? PER_CELL[kind] : Math.max(4, Math.floor(1000 / classes));
  return {
    chooser: { kind: 'cell', count },
    why: `${many}: up to ${count} of each cell are explained, drawn with the seed; --explain says otherwise.`,
  };
}

function auditMethods(resolved: ResolvedOptions): AuditMethod[] {
  const layers = resolved.layers.map(({ name }) => name);
  return resolved.methods.map(({ method }) => {
    const own = usesLayer(method) ? layers : [];
    const stages = stagesOf(method, resolved, Math.max(1, own.length));
    return {
      name: method.name,
      title: method.title,
      layers: own,
      signed: stages.some((stage) => stage.stage === 'normalise' && stage.by === 'symmetric'),
    };
  });
}

/** Of the file, and of weights that lie beside it. */
function modelHash({ bytes, graph }: ModelFile): string {
  const hash = createHash('sha256').update(bytes);
  const tensors = [...graph.initializers].filter(([, tensor]) => tensor.bytes.buffer !== bytes.buffer);
  const outside = tensors.reduce((sum, [, tensor]) => sum + tensor.bytes.length, 0);
  // Small ones are copies that reading made of the file's own bytes.
  if (outside > bytes.length) for (const [name, tensor] of tensors) hash.update(name).update(tensor.bytes);
  return hash.digest('hex');
}

function identityOf(plan: AuditPlan, options: AuditCommandOptions, modelSha: string, datasetSha: string): Identity {
  const { explaining, opened } = plan;
  const { targets: _, top: __, ...methods } = explaining;
  const text = (value: unknown) =>
    createHash('sha256').update(JSON.stringify(value, withArrays)).digest('hex').slice(0, 16);
  return {
    model: modelSha,
    'data set': datasetSha,
    rows: plan.scan.rows,
    '--method': plan.methods.map(({ name }) => name).join(','),
    '--layer': [...new Set(plan.methods.flatMap(({ layers }) => layers))].join(','),
    'options of the methods': text(methods),
    '--target': plan.targetText,
    '--threshold': plan.threshold,
    'classes and their order': text([plan.classes, plan.order, plan.head]),
    'labels of the data set': text(
      plan.scan.labels.map(({ label }) => [label, plan.classMap.classOf(label) ?? null]).sort(),
    ),
    '--preprocess': text(opened.preprocess),
    '--explain': plan.explainText,
    '--limit': options.limit ?? null,
    '--sample': options.sample ?? null,
    '--split': options.split ?? null,
    '--patient': plan.patient ?? null,
    '--column': text([options.column ?? {}, options.id ?? null, plan.dataset.columns]),
    '--seed': plan.seed,
    '--batch': plan.batch,
    '--map-size': plan.mapSize,
    '--levels': String(plan.window ?? 'auto'),
    '--cover': plan.coverMethods > 0,
    '--output': opened.model.output.name,
    runtime: opened.model.runtime.name.replace(/, \d+ threads?$/, ''),
  };
}

/** Typed arrays as their values, for a hash. */
const withArrays = (_: string, value: unknown): unknown =>
  ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value;

/** Model and data set, for people. */
export const titleOf = (path: string, dataPath: string): string =>
  `${basename(path)} on ${basename(dataPath.replace(/[\\/]+$/, '')) || dataPath}`;
