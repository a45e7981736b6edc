import { basename, dirname, extname, join } from 'node:path';
import {
  COLORMAPS,
  ExplainProgram,
  type Explanation,
  findMethod,
  findPreset,
  type Geometry,
  type Picture,
  preprocessPicture,
  type RunTensor,
} from '@seewhy/core';
import { isSeewhyError } from '@seewhy/onnx';
import { ExplainedPicture, runFacts, type Sink, Tags, targetTag } from '@seewhy/training';
import {
  type Checkpoint,
  folder,
  holdState,
  type Place,
  tensorboard,
  type WatchOptions,
  WatchState,
  watchCheckpoints,
} from '@seewhy/training/node';
import { drawnTensor } from '../draw.ts';
import { errors, exitCodeOfRun, systemCode } from '../errors.ts';
import { decodeSource } from '../explain-run.ts';
import { filmStripAnimation, filmStripPage, MOST_FRAMES, stripsOf } from '../film-strip/film-strip.ts';
import { Frames } from '../film-strip/frames.ts';
import { givenLayers } from '../given-layers.ts';
import { interruptible } from '../interrupt.ts';
import { readMethodOptions, type WrittenMethodOptions } from '../method-options.ts';
import { imageTensorOf, type OpenedModel, openModel } from '../open-model.ts';
import { type ExplainOptions, loadOptions, oneOf } from '../options.ts';
import { makeFolder, writeAtomically } from '../output-files.ts';
import { findSources, type Source } from '../sources.ts';
import { count, err, say } from '../talk.ts';
import { plainTargets } from '../targets.ts';

export interface WatchCommandOptions extends ExplainOptions, WrittenMethodOptions {
  images: string[];
  to?: string[];
  report?: string;
  once?: true;
  idle?: number;
  settle?: number;
  state?: string;
  colormap?: string;
  seed?: number;
}

/** A picture of the watch, decoded once. */
interface Subject {
  readonly name: string;
  readonly source: Source;
  readonly decoded: Exclude<Awaited<ReturnType<typeof decodeSource>>, { kind: 'failed' }>;
}

/** One item of a picture, as a checkpoint takes it. */
interface Item {
  readonly name: string;
  readonly tensor: RunTensor;
  readonly picture: Picture;
  readonly geometry: Geometry;
}

/** Failures that are not the checkpoint's: waiting does not cure them. */
const USAGE = /^(METHOD|LAYER|TARGET|LABELS|PREPROCESS|OPTION|POST_PROCESSING|OUTPUT|PICTURE|INPUT|WATCH)_|^DISK_FULL$/;

/** `seewhy watch CHECKPOINTS --images SOURCE…` */
export async function watch(path: string, options: WatchCommandOptions): Promise<number> {
  for (const name of options.method ?? []) if (name !== 'auto') findMethod(name);
  if (options.preset !== undefined) findPreset(options.preset);
  const colormap = options.colormap === undefined ? undefined : oneOf('--colormap', COLORMAPS)(options.colormap);
  if (options.report !== undefined && extname(options.report).toLowerCase() !== '.html')
    throw errors.option('--report', options.report, 'the name of an .html file');
  const outputs = (options.to ?? ['tensorboard:logs']).map(outputOf);
  for (const output of outputs) await makeFolder(output.folder, '--to');
  const statePath = options.state ?? join(outputs[0]!.folder, '.seewhy-watch.json');
  const free = await holdState(statePath);
  return watchHeld(path, options, { outputs, statePath, colormap }).finally(free);
}

/** What a watch was asked for, read and checked. */
interface Asked {
  readonly outputs: readonly { readonly folder: string; readonly sink: () => Sink }[];
  readonly statePath: string;
  readonly colormap: (typeof COLORMAPS)[number] | undefined;
}

/** The watch itself: its record is held by this process. */
async function watchHeld(
  path: string,
  options: WatchCommandOptions,
  { outputs, statePath, colormap }: Asked,
): Promise<number> {
  const state = await WatchState.open(statePath);
  const frames =
    options.report === undefined
      ? undefined
      : await Frames.open(join(dirname(statePath), `${basename(statePath, '.json')}-frames`));
  const talk = (line: string) => {
    if (!options.quiet) say(line);
  };
  const subjects = await subjectsOf(options.images, talk);
  const sinks = outputs.map(({ folder: to, sink }) => ({ folder: to, sink: sink() }));
  const noticed = new Set<string>();
  return interruptible(async (interrupt) => {
    const stop = new AbortController();
    interrupt.addEventListener('abort', () => stop.abort());
    let wrong: unknown;
    const explain: WatchOptions['explain'] = async (checkpoint, place, begin) => {
      const { step } = place;
      try {
        const made = await explainCheckpoint(checkpoint, place, subjects, options, colormap);
        for (const notice of made.opened.notices)
          if (!noticed.has(notice)) {
            noticed.add(notice);
            talk(err.dim(notice));
          }
        const { again } = await written(dirname(statePath), begin);
        const tags = new Set(made.pictures.map(({ tag }) => tag));
        for (const { folder: to, sink } of sinks)
          await written(to, async () => {
            if (again) await sink.again?.(step, tags);
            await sink.write(step, made.pictures, made.facts);
          });
        await written(dirname(statePath), async () => frames?.add(made.pictures, checkpoint.name));
        talk(lineOf(checkpoint, step, made.pictures));
      } catch (error) {
        if (!isSeewhyError(error) || USAGE.test(error.code)) {
          wrong = error;
          stop.abort();
        }
        throw error;
      }
    };
    talk(`Watching ${path}${options.once ? '' : '; Ctrl-C ends'}.`);
    const counts = await written(dirname(statePath), () =>
      watchCheckpoints({
        path,
        state,
        explain,
        onFailed: (checkpoint, error) =>
          say(
            `${err.yellow('left out')} ${checkpoint.name}: ${error instanceof Error ? error.message : String(error)}`,
          ),
        onOnlyWeights: (name) =>
          say(
            `${err.yellow('left out')} ${name} and what is like it: weights without the architecture. Save whole models, in Keras ModelCheckpoint('epoch-{epoch:02d}.keras') without save_weights_only.`,
          ),
        signal: stop.signal,
        ...(options.once ? { idle: 0 } : options.idle === undefined ? {} : { idle: options.idle * 1000 }),
        ...(options.settle === undefined ? {} : { settle: options.settle }),
      }),
    );
    for (const { sink } of sinks) await sink.close?.();
    if (wrong) throw wrong;
    if (frames && options.report !== undefined) await report(frames, options.report, path, talk);
    talk(
      `${count(counts.explained, 'checkpoint')} explained${counts.failed > 0 ? `, ${counts.failed} left out` : ''}; results in ${outputs.map((output) => output.folder).join(', ')}.`,
    );
    // Without --once or --idle, Ctrl-C is how a watch ends.
    const ended = interrupt.aborted && (options.once || options.idle !== undefined);
    return exitCodeOfRun({ interrupted: ended, inputsFailed: counts.failed > 0 });
  });
}

/** Writes; where the system does not let it, the error says what to do, and a later watch goes on from here. */
async function written<T>(to: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    if (isSeewhyError(cause) || systemCode(cause) === '') throw cause;
    throw errors.outputFailed(to, systemCode(cause), cause, '--to');
  }
}

const OUTPUTS: Readonly<Record<string, (folder: string) => Sink>> = {
  // Steps are the watch's own: they go on by themselves.
  tensorboard: (path) => tensorboard(path, { steps: 'keep' }),
  folder,
};

function outputOf(text: string): { folder: string; sink: () => Sink } {
  const at = text.indexOf(':');
  const make = OUTPUTS[text.slice(0, at)];
  const path = text.slice(at + 1);
  if (at < 1 || !make || path === '')
    throw errors.option('--to', text, 'tensorboard:FOLDER or folder:FOLDER', Object.keys(OUTPUTS));
  return { folder: path, sink: () => make(path) };
}

/** All pictures, decoded; one that cannot be is an error here: a training lasts long. */
async function subjectsOf(args: readonly string[], talk: (line: string) => void): Promise<Subject[]> {
  const found = await findSources(args);
  for (const notice of found.notices) talk(err.dim(notice));
  const used = new Map<string, number>();
  const subjects: Subject[] = [];
  for (const source of found.sources) {
    const decoded = await decodeSource(source);
    if (decoded.kind === 'failed') throw decoded.error;
    const number = (used.get(source.stem) ?? 0) + 1;
    used.set(source.stem, number);
    subjects.push({ name: number === 1 ? source.stem : `${source.stem}-${number}`, source, decoded });
  }
  return subjects;
}

function itemsOf({ name, source, decoded }: Subject, { model, preprocess }: OpenedModel): Item[] {
  if (decoded.kind === 'picture') {
    const { width, height } = model.image;
    return [{ name, picture: decoded.picture, ...preprocessPicture(decoded.picture, preprocess, { width, height }) }];
  }
  const whole = imageTensorOf(decoded.bytes, source.path, model);
  const items = whole.dims[0]!;
  const size = whole.data.length / items;
  return Array.from({ length: items }, (_, at) => {
    const data = whole.data.subarray(at * size, (at + 1) * size);
    const tensor: RunTensor = { type: whole.type, dims: [1, ...whole.dims.slice(1)], data };
    return { name: items === 1 ? name : `${name}.${at}`, tensor, ...drawnTensor(tensor, model, source.path) };
  });
}

async function explainCheckpoint(
  checkpoint: Checkpoint,
  { step, series }: Place,
  subjects: readonly Subject[],
  options: WatchCommandOptions,
  colormap: Asked['colormap'],
) {
  const methods = (options.method ?? ['gradcam']).map((name) => (name === 'auto' ? undefined : findMethod(name)));
  const opened = await openModel(checkpoint.path, {
    ...loadOptions(options),
    batch: methods.some((method) => method?.kind !== 'graph') ? 'free' : 'one',
  });
  const { model } = opened;
  const targets = plainTargets(options.target ?? ['top'], model);
  const program = await ExplainProgram.open(model, {
    methods: options.method ?? ['gradcam'],
    targets,
    ...givenLayers(options.layer, opened),
    ...(options.score ? { score: options.score } : {}),
    ...(options.preset ? { preset: options.preset } : {}),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(await readMethodOptions(options, opened)),
  });
  const tags = new Tags(series);
  const pictures: ExplainedPicture[] = [];
  try {
    for (const { name, tensor, picture, geometry } of subjects.flatMap((subject) => itemsOf(subject, opened))) {
      const [explanations] = await program.run([tensor]);
      for (const [at, explanation] of (explanations as Explanation[]).entries()) {
        const target = targets[Math.floor(at / program.options.methods.length)]!;
        const tag = tags.next(explanation.method, name, targets.length > 1 ? targetTag(target, model) : undefined);
        const look = colormap === undefined ? {} : { colormap };
        pictures.push(new ExplainedPicture({ step, name, tag, explanation, picture, geometry, ...look }));
      }
    }
    return { opened, pictures, facts: runFacts(program, pictures) };
  } finally {
    await program.release();
  }
}

/** `step 3  epoch-03.onnx  cat: tabby 81.2 %, dog: beagle 40.0 %` */
function lineOf(checkpoint: Checkpoint, step: number, pictures: readonly ExplainedPicture[]): string {
  const best = new Map(pictures.map(({ name, explanation }) => [name, explanation.predictions[0]]));
  const shown = [...best]
    .slice(0, 3)
    .map(([name, one]) => `${name}: ${one ? `${one.label} ${(one.probability * 100).toFixed(1)} %` : '–'}`);
  const rest = best.size > 3 ? `, ${best.size - 3} more` : '';
  return `${err.bold(`step ${step}`)}  ${checkpoint.name}  ${shown.join(', ')}${rest}`;
}

async function report(frames: Frames, file: string, path: string, talk: (line: string) => void): Promise<void> {
  const strips = await stripsOf(frames);
  if (strips.length === 0) {
    talk('No checkpoint was explained: there is no film strip.');
    return;
  }
  await makeFolder(dirname(file));
  const title = `What the model looks at: ${basename(path)}`;
  await writeAtomically(file, Buffer.from(await filmStripPage(strips, frames, title)), true);
  const gif = await filmStripAnimation(strips, frames);
  const animation = file.replace(/\.html$/i, '.gif');
  if (gif) await writeAtomically(animation, gif, true);
  const steps = new Set(frames.all.map(({ step }) => step)).size;
  if (gif && steps > MOST_FRAMES) talk(`The animation shows ${MOST_FRAMES} of ${steps} steps.`);
  talk(`Film strip: ${file}${gif ? `, ${animation}` : '; the animated one needs the package sharp'}.`);
}
