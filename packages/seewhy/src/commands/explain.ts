import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import {
  assertTakesPictures,
  COLORMAPS,
  type ColormapName,
  describePreprocess,
  type ExplainOptions,
  ExplainProgram,
  findMethod,
  findPreset,
  type ResolvedOptions,
  resolveOptions,
  slugOf,
  usesLayer,
} from '@seewhy/core';
import type { Draw } from '../draw.ts';
import { EXIT, errors, exitCodeOfRun } from '../errors.ts';
import { explainAll, Lookahead } from '../explain-run.ts';
import { type Gate, parseGate } from '../gate.ts';
import { interruptible } from '../interrupt.ts';
import { readMethodOptions, type WrittenMethodOptions } from '../method-options.ts';
import { type OpenedModel, openModel, readModel } from '../open-model.ts';
import {
  explainOptions,
  loadOptions,
  type ExplainOptions as MethodOptions,
  oneOf,
  type SMOOTHINGS,
  type WEIGHTS,
} from '../options.ts';
import {
  type Destination,
  destinationOf,
  makeFolder,
  OutputFiles,
  type SaveKind,
  suffixOf,
  writeAtomically,
} from '../output-files.ts';
import { loadSharp } from '../picture/sharp.ts';
import type { PixelWindow } from '../picture/window.ts';
import { startProgress } from '../progress.ts';
import { GATE_FIELDS, gateFields } from '../record.ts';
import type { ExplanationDocument, ExplanationRecord, FailureRecord } from '../schema.ts';
import { findSources, type Source } from '../sources.ts';
import { count, err, out, print, say, table } from '../talk.ts';
import { type AskedTargets, readTargets } from '../targets.ts';
import { ExplainTalk } from './explain-talk.ts';

export interface ExplainCommandOptions extends MethodOptions, WrittenMethodOptions {
  until?: number;
  smooth?: (typeof SMOOTHINGS)[number];
  augment?: true;
  weights?: (typeof WEIGHTS)[number];
  out?: string;
  save?: SaveKind[];
  sheet?: string;
  force?: true;
  colormap?: string;
  opacity?: number;
  top?: number;
  batch?: number;
  seed?: number;
  maxPixels?: number;
  levels?: PixelWindow;
  failOn?: string[];
  json?: true;
  jsonl?: true;
  dryRun?: true;
}

/** So many PNG files are decoded and drawn in less time than sharp, which does it faster, takes to load. */
const LIGHT_PICTURES = 3;

/** Everything asked for, checked and resolved; nothing has been run. */
interface Plan {
  readonly opened: OpenedModel;
  readonly asked: ExplainOptions;
  readonly resolved: ResolvedOptions;
  readonly targets: AskedTargets;
  readonly sources: readonly Source[];
  readonly lookahead: Lookahead;
  readonly to: Destination;
  readonly save: readonly SaveKind[];
  readonly gates: readonly Gate[];
  readonly batch: number;
  readonly colormap: ColormapName | undefined;
  readonly notices: readonly string[];
}

/** `seewhy explain MODEL SOURCE…` */
export async function explain(path: string, args: string[], options: ExplainCommandOptions): Promise<number> {
  const plan = await planOf(path, args, options);
  if (options.dryRun) return dryRun(plan, options);
  return interruptible((signal) => run(plan, options, signal));
}

/** Reads and checks everything; the first pictures are being decoded meanwhile. */
async function planOf(path: string, args: string[], options: ExplainCommandOptions): Promise<Plan> {
  if (options.json && options.jsonl)
    throw errors.optionClash('--json and --jsonl exclude each other', 'Choose one document or one record a line.');
  const gates = (options.failOn ?? []).map((text) => parseGate(text, GATE_FIELDS));
  const colormap = options.colormap === undefined ? undefined : oneOf('--colormap', COLORMAPS)(options.colormap);
  const methods = (options.method ?? []).map((name) => (name === 'auto' ? undefined : findMethod(name)));
  // Samples go through the model together where its batch is free.
  const wrapped = options.smooth !== undefined || options.augment === true || options.weights === 'random';
  const sampling = wrapped || methods.some((method) => method?.kind !== 'graph');
  if (options.preset !== undefined) findPreset(options.preset);
  if (options.sheet !== undefined && !/\.png$/i.test(options.sheet))
    throw errors.option('--sheet', options.sheet, 'the name of a .png file');
  const { to, save } = await destinationOf(options.out, options.save);
  const batch = options.batch ?? 1;
  // The model's bytes are on their way while the sources are looked up and the first picture begins to be decoded in a thread of its own;
  // only then is the main thread given to the model.
  const reading = readModel(path);
  reading.catch(() => undefined);
  const found = await findSources(args).catch(async (error) => {
    // A model that is not there is the first thing to say.
    await reading;
    throw error;
  });
  // A dry run opens no picture.
  const pictures = options.dryRun ? [] : found.sources.filter((source) => source.kind === 'picture');
  const light = pictures.length <= LIGHT_PICTURES && pictures.every(({ path }) => /\.png$/i.test(path));
  const lookahead = new Lookahead(options.dryRun ? [] : found.sources, Math.max(3, batch + 2), {
    maxPixels: options.maxPixels,
    window: options.levels,
    codec: light ? 'light' : undefined,
  });
  if (!light) await loadSharp();
  const opening = openModel(path, {
    ...loadOptions(options),
    batch: batch > 1 || sampling ? 'free' : 'one',
    file: reading,
    // Pictures are decoded and encoded between the runs: threads that spin would take their cores.
    spinning: false,
  });
  const opened = await opening;
  if (found.sources.some(({ kind }) => kind === 'picture')) assertTakesPictures(opened.model.image);
  const targets = readTargets(options.target, opened, found.sources);
  const asked: ExplainOptions = {
    ...explainOptions(options, opened, targets.fixed),
    ...(await readMethodOptions(options, opened)),
    top: opened.model.output.classes,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.until === undefined ? {} : { until: options.until }),
    ...(options.smooth === undefined ? {} : { smooth: options.smooth }),
    ...(options.augment ? { augment: true } : {}),
    ...(options.weights === 'random' ? { weights: 'random' as const } : {}),
    ...(options.batch === undefined ? {} : { sampleBatch: options.batch }),
  };
  const resolved = resolveOptions(opened.model, asked);
  if (to.kind === 'file') {
    const wanted = targets.own ? targets.texts.length : resolved.targets.length;
    const each = resolved.methods.length * wanted;
    if (found.sources.length * each > 1) {
      throw errors.outputMany(
        to.file,
        `${found.sources.length * each} results (${count(found.sources.length, 'picture')}, ${count(resolved.methods.length, 'method')}, ${count(wanted, 'target')})`,
      );
    }
    if (save.includes('raw') && resolved.layers.length > 1 && usesLayer(resolved.methods[0]!.method))
      throw errors.outputMany(to.file, `the raw maps of ${resolved.layers.length} layers`);
  }
  const notices = [...found.notices, ...opened.notices];
  if (opened.preprocessGuessed && found.sources.some((source) => source.kind === 'picture')) {
    notices.push(
      `Preprocessing: ${describePreprocess(opened.preprocess)} (${opened.preprocessFrom}). --preprocess says otherwise.`,
    );
  }
  let effective = batch;
  if (batch > 1 && opened.model.batch === 'fixed') {
    effective = 1;
    notices.push(`--batch ${batch} is not possible, pictures go one by one: ${opened.model.batchReason}.`);
  }
  return {
    opened,
    asked,
    targets,
    resolved,
    sources: found.sources,
    lookahead,
    to,
    save,
    gates,
    batch: effective,
    colormap,
    notices,
  };
}

async function run(plan: Plan, options: ExplainCommandOptions, signal: AbortSignal): Promise<number> {
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

/** Shows what would be done. */
function dryRun(plan: Plan, options: ExplainCommandOptions): number {
  const { opened, resolved, sources, to, save, batch, targets } = plan;
  const layered = resolved.methods.some(({ method }) => usesLayer(method));
  const slugs = targets.own
    ? targets.texts.map(() => '<target>')
    : resolved.targets.map((target) => (target.kind === 'top' ? '<class>' : slugOf(target)));
  const names = (stem: string) =>
    resolved.methods.flatMap(({ method }) =>
      [...new Set(slugs)].flatMap((slug) =>
        save.map((kind) => `${stem}${suffixOf(kind, method.name, 'x').replace('.x', `.${slug}`)}`),
      ),
    );
  const files =
    to.kind === 'file'
      ? [to.file]
      : sources.flatMap((source) => names(source.stem).map((name) => `${to.folder}/${name}`));
  const runs = Math.ceil(sources.length / batch);
  const plans = {
    schema: 'seewhy/dry-run/v1',
    model: {
      path: opened.path,
      runtime: opened.model.runtime.name,
      input: opened.model.image,
      classes: opened.model.output.classes,
      labelsFrom: opened.labelsFrom ?? null,
    },
    preprocess: {
      ...opened.preprocess,
      text: describePreprocess(opened.preprocess),
      from: opened.preprocessFrom,
      guessed: opened.preprocessGuessed,
    },
    methods: resolved.methods.map(({ method }) => ({ name: method.name, cost: method.cost })),
    targets: targets.own ? targets.texts : resolved.targets.map((target) => target.asked),
    layers: layered ? resolved.layers.map((layer) => ({ name: layer.name, shape: layer.shape })) : [],
    layerReason: resolved.layersChosen && layered ? opened.model.defaultLayerReason : null,
    score: resolved.score,
    preset: resolved.preset,
    fusion: resolved.fusion,
    save,
    out: to.kind === 'file' ? to.file : to.folder,
    pictures: sources.length,
    batch,
    runs,
    files: {
      count: files.length * (slugs.length > 1 && new Set(slugs).size === 1 ? slugs.length : 1),
      names: files.slice(0, 1000),
    },
    notices: plan.notices,
  };
  if (options.json || options.jsonl) {
    print(JSON.stringify(plans, null, options.json ? 2 : undefined));
    return EXIT.ok;
  }
  for (const notice of plan.notices) if (!options.quiet) say(err.dim(notice));
  const passes = resolved.targets.length > 1 ? `, ${resolved.targets.length} targets: one backward pass each` : '';
  const rows: [string, string][] = [
    ['model', `${opened.path}, ${opened.model.runtime.name}`],
    ['preprocessing', `${plans.preprocess.text} (${opened.preprocessFrom})`],
    ['methods', resolved.methods.map(({ method }) => `${method.name} (${method.cost})`).join(', ')],
    ['targets', [...new Set(plans.targets)].join(', ')],
    ...(layered
      ? [
          [
            'layers',
            `${resolved.layers.map((layer) => layer.name).join(', ')}${resolved.layersChosen ? ` (${opened.model.defaultLayerReason})` : ''}`,
          ] as [string, string],
        ]
      : []),
    ['score', resolved.score],
    ['pictures', `${sources.length}`],
    [
      'cost',
      `${count(runs, 'run')} of the model and its backward pass, ${batch === 1 ? 'one picture' : `up to ${batch} pictures`} each${passes}`,
    ],
    ['files', `${plans.files.count} in ${plans.out}`],
  ];
  print(out.bold('Dry run: nothing is run, nothing is written.'));
  print(
    table(
      rows.map(([label, text]) => [out.dim(label), text]),
      2,
      '  ',
    ),
  );
  for (const file of files.slice(0, 20)) print(`    ${file}`);
  if (files.length > 20) print(out.dim(`    … ${files.length - 20} more`));
  return EXIT.ok;
}
