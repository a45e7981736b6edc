import {
  assertTakesPictures,
  COLORMAPS,
  type ColormapName,
  type ExplainOptions,
  findMethod,
  findPreset,
  type ResolvedOptions,
  resolveOptions,
  usesLayer,
} from '@seewhy/core';
import { errors } from '../errors.ts';
import { Lookahead } from '../explain-run.ts';
import { type Gate, parseGate } from '../gate.ts';
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
import { type Destination, destinationOf, type SaveKind } from '../output-files.ts';
import { loadSharp } from '../picture/sharp.ts';
import type { PixelWindow } from '../picture/window.ts';
import { guessedNotice } from '../preprocess-facts.ts';
import { GATE_FIELDS } from '../record.ts';
import { findSources, type Source } from '../sources.ts';
import { count } from '../talk.ts';
import { type AskedTargets, readTargets } from '../targets.ts';

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
export interface ExplainPlan {
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

/** Reads and checks everything; the first pictures are being decoded meanwhile. */
export async function planExplain(path: string, args: string[], options: ExplainCommandOptions): Promise<ExplainPlan> {
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
  if (opened.preprocessGuessed && found.sources.some((source) => source.kind === 'picture'))
    notices.push(guessedNotice(opened));
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
