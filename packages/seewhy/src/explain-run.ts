import {
  type ExplainProgram,
  type Explanation,
  encodeNpy,
  type Geometry,
  type Picture,
  preprocessPicture,
  type RunTensor,
  type Target,
} from '@seewhy/core';
import { Draw, type DrawOptions, drawnTensor } from './draw.ts';
import { isAbort } from './errors.ts';
import { imageTensorOf, type OpenedModel } from './open-model.ts';
import { fileName, type OutputFile, type OutputFiles, type SaveKind, suffixOf } from './output-files.ts';
import { type DecodeOptions, decodePicture } from './picture/decode.ts';
import type { PixelWindow } from './picture/window.ts';
import { failureOf, type RecordContext, recordOf } from './record.ts';
import type { ExplanationRecord, FailureRecord } from './schema.ts';
import type { Source } from './sources.ts';
import type { AskedTargets } from './targets.ts';

/** One item that can be run: a picture, or one item of a tensor file. */
interface Item {
  readonly source: Source;
  /** What its files are named after. */
  readonly stem: string;
  readonly tensor: RunTensor;
  readonly picture: Picture;
  readonly geometry: Geometry;
  /** Its own, where it has them. */
  readonly targets?: readonly Target[];
}

export interface ExplainRunOptions {
  readonly opened: OpenedModel;
  readonly program: ExplainProgram;
  /** Targets of each picture, where they are not those of the program. */
  readonly targets?: AskedTargets['own'];
  readonly save: readonly SaveKind[];
  readonly files: OutputFiles;
  readonly draw: DrawOptions;
  /** Pictures a run. */
  readonly batch: number;
  readonly top: number;
  /** Of the model file. */
  readonly sha256: () => string;
  readonly seed?: number | undefined;
  readonly maxPixels?: number | undefined;
  readonly signal: AbortSignal;
  /** Called in the order of the sources, when a picture's files are written. */
  readonly onDone: (records: readonly ExplanationRecord[], source: Source, draws: readonly Draw[]) => void;
  readonly onFailed: (failure: FailureRecord) => void;
  /** Samples of the present picture, target and method that are done. */
  readonly onSamples?: (done: number, total: number) => void;
}

/** How pictures are decoded. */
export interface PixelOptions {
  readonly maxPixels?: number | undefined;
  readonly window?: PixelWindow | undefined;
  readonly codec?: DecodeOptions['codec'] | undefined;
}

/** Bytes of a picture on their way: begun early, awaited in order. */
export type Decoding = Promise<
  { kind: 'picture'; picture: Picture } | { kind: 'tensor'; bytes: Uint8Array } | { kind: 'failed'; error: unknown }
>;

/** Reads and decodes one source; never rejects. */
export async function decodeSource(source: Source, { maxPixels, window, codec }: PixelOptions = {}): Decoding {
  try {
    const bytes = await source.read();
    if (source.kind === 'tensor') return { kind: 'tensor', bytes };
    const options = {
      name: source.path,
      ...(maxPixels ? { maxPixels } : {}),
      ...(window ? { window } : {}),
      ...(codec ? { codec } : {}),
    };
    return { kind: 'picture', picture: await decodePicture(bytes, options) };
  } catch (error) {
    return { kind: 'failed', error };
  }
}

/** Sources decoded a few ahead of their use, in threads of their own, while the model runs. */
export class Lookahead {
  readonly #sources: readonly Source[];
  readonly #ahead: number;
  readonly #pixels: PixelOptions;
  readonly #begun: { source: Source; decoding: Decoding }[] = [];
  #next = 0;

  constructor(sources: readonly Source[], ahead: number, pixels: PixelOptions = {}) {
    this.#sources = sources;
    this.#ahead = ahead;
    this.#pixels = pixels;
    this.#fill();
  }

  #fill(): void {
    while (this.#begun.length < this.#ahead && this.#next < this.#sources.length) {
      const source = this.#sources[this.#next++]!;
      this.#begun.push({ source, decoding: decodeSource(source, this.#pixels) });
    }
  }

  /** The next source; undefined at the end. */
  take(): { source: Source; decoding: Decoding } | undefined {
    const first = this.#begun.shift();
    this.#fill();
    return first;
  }
}

/** How many pictures may wait to be encoded and written while the next ones run: bounds the memory. */
const MOST_UNFINISHED = 4;

/**
 * Explains all sources: decoding of the next pictures, the model's run and the encoding of earlier ones overlap. A bad picture is
 * reported and left out; what cannot be written ends the run.
 */
export async function explainAll(lookahead: Lookahead, options: ExplainRunOptions): Promise<void> {
  const { signal, batch } = options;
  const context: RecordContext = {
    opened: options.opened,
    sha256: options.sha256,
    top: options.top,
    seed: options.seed,
  };
  const unfinished: Promise<void>[] = [];
  let broken: unknown;
  let last: Promise<void> = Promise.resolve();
  let waiting: Item[] = [];

  const flush = async () => {
    const items = waiting;
    waiting = [];
    if (items.length === 0) return;
    const results = await runItems(items, options);
    for (const [at, item] of items.entries()) {
      const result = results[at]!;
      if ('error' in result && isAbort(result.error)) continue;
      const before = last;
      const finishing = (async () => {
        const done = 'error' in result ? undefined : await finish(item, result.explanations, options, context);
        // Reports come in the order of the sources.
        await before;
        if (done) options.onDone(done.records, item.source, done.draws);
        else options.onFailed(failureOf(item.source, (result as { error: unknown }).error));
      })();
      last = finishing.catch((error) => {
        broken ??= error;
      });
      unfinished.push(last);
    }
    while (unfinished.length > MOST_UNFINISHED) await unfinished.shift();
    if (broken) throw broken;
  };

  for (let entry = lookahead.take(); entry && !signal.aborted; entry = lookahead.take()) {
    const decoded = await entry.decoding;
    if (signal.aborted) break;
    try {
      if (decoded.kind === 'failed') throw decoded.error;
      for (const item of itemsOf(entry.source, decoded, options.opened)) {
        waiting.push(options.targets ? { ...item, targets: await options.targets(item) } : item);
        if (waiting.length >= batch) await flush();
      }
    } catch (error) {
      if (error === broken) throw error;
      await flush();
      await last;
      options.onFailed(failureOf(entry.source, error));
    }
  }
  if (!signal.aborted) await flush();
  await Promise.all(unfinished);
  if (broken) throw broken;
}

function* itemsOf(
  source: Source,
  decoded: Exclude<Awaited<Decoding>, { kind: 'failed' }>,
  { model, preprocess }: OpenedModel,
): Generator<Item> {
  if (decoded.kind === 'picture') {
    const { picture } = decoded;
    const { tensor, geometry } = preprocessPicture(picture, preprocess, {
      width: model.image.width,
      height: model.image.height,
    });
    yield { source, stem: source.stem, tensor, picture, geometry };
    return;
  }
  const whole = imageTensorOf(decoded.bytes, source.path, model);
  const count = whole.dims[0]!;
  const size = whole.data.length / count;
  for (let i = 0; i < count; i++) {
    const tensor: RunTensor = {
      type: whole.type,
      dims: [1, ...whole.dims.slice(1)],
      data: whole.data.subarray(i * size, (i + 1) * size),
    };
    yield {
      source,
      stem: count === 1 ? source.stem : `${source.stem}.${i}`,
      tensor,
      ...drawnTensor(tensor, model, source.path),
    };
  }
}

type Result = { explanations: Explanation[] } | { error: unknown };

/** One run for all items; when it fails, one run each, so that one bad item does not take the others with it. */
async function runItems(items: readonly Item[], options: ExplainRunOptions): Promise<Result[]> {
  const { program, signal, onSamples } = options;
  try {
    const all = await program.run(
      items.map((item) => item.tensor),
      {
        signal,
        progress: onSamples,
        targets: items.every(({ targets }) => targets) ? items.map(({ targets }) => targets!) : undefined,
      },
    );
    return all.map((explanations) => ({ explanations }));
  } catch (error) {
    if (items.length === 1 || signal.aborted) return items.map(() => ({ error }));
    const results: Result[] = [];
    for (const item of items) results.push(...(await runItems([item], options)));
    return results;
  }
}

async function finish(
  item: Item,
  explanations: readonly Explanation[],
  options: ExplainRunOptions,
  context: RecordContext,
) {
  const { source, picture, geometry } = item;
  const from = { source, width: picture.width, height: picture.height, notes: picture.notes ?? [], geometry };
  const draws = explanations.map((explanation) => new Draw({ explanation, picture, geometry }, options.draw));
  // Made once for its file and its line; anew only when names were taken meanwhile and the paths are others.
  const made = new Map<Readonly<Record<string, string>>, ExplanationRecord>();
  const record = (explanation: Explanation, paths: Readonly<Record<string, string>>) => {
    const known = made.get(paths) ?? recordOf(explanation, from, paths, context);
    made.set(paths, known);
    return known;
  };
  const groups = draws.map((draw) => filesOf(draw, options.save, (paths) => record(draw.drawing.explanation, paths)));
  const paths = await options.files.write(item.stem, groups);
  return { draws, records: explanations.map((explanation, i) => record(explanation, paths[i]!)) };
}

/** The files of one explanation, the record last: it names the others. */
function filesOf(
  draw: Draw,
  save: readonly SaveKind[],
  record: (paths: Readonly<Record<string, string>>) => ExplanationRecord,
): OutputFile[] {
  const { explanation } = draw.drawing;
  const suffix = (kind: SaveKind) => suffixOf(kind, explanation.method, explanation.target.slug);
  const files = save.flatMap((kind): OutputFile[] => {
    if (kind === 'json') return [];
    if (kind !== 'raw') return [{ key: kind, suffix: suffix(kind), bytes: () => draw.bytes(kind) }];
    return explanation.raw.map(({ dims, data }, i) => {
      const layer = explanation.raw.length > 1 ? explanation.layers[i]?.name : undefined;
      const bytes = () => encodeNpy({ dims, data });
      return layer === undefined
        ? { key: 'raw', suffix: suffix('raw'), bytes }
        : { key: `raw/${layer}`, suffix: suffix('raw').replace(/\.raw\.npy$/, `.${fileName(layer)}.raw.npy`), bytes };
    });
  });
  if (save.includes('json')) {
    const bytes = (paths: Readonly<Record<string, string>>) =>
      Buffer.from(`${JSON.stringify(record(paths), null, 2)}\n`);
    files.push({ key: 'json', suffix: suffix('json'), bytes });
  }
  return files;
}
