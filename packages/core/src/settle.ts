import type { Shape } from '@seewhy/autodiff';
import { freeBatch, type Graph, isSeewhyError, type Value } from '@seewhy/onnx';
import { errors } from './errors.ts';
import { findImageInput, type ImageInput, imageDims } from './image-input.ts';
import { type Probe, probe } from './probe.ts';
import type { RunTensor, Runtime } from './runtime/runtime.ts';
import { settleBranches } from './settle-branches.ts';
import { stack, toFloat32, zeros } from './tensors.ts';
import { withSizesOf } from './with-sizes-of.ts';

interface SettleOptions {
  runtime: Runtime;
  input?: string | undefined;
  inputs?: Readonly<Record<string, RunTensor>> | undefined;
  size?: readonly [number, number] | undefined;
  batch?: 'one' | 'free' | undefined;
}

/** A graph as it is run, and what a run of it told. */
interface Settled {
  readonly graph: Graph;
  readonly image: ImageInput;
  readonly extras: Readonly<Record<string, RunTensor>>;
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly batch: 'free' | 'fixed';
  readonly batchReason: string;
  readonly notices: readonly string[];
}

/** Sides that networks are made for besides 224, the commonest first. */
const OTHER_SIDES = [384, 256, 512, 448, 336, 518, 378, 299, 240, 192, 160, 128, 96, 64, 32, 28];

/**
 * Settles a graph at the picture's size. Exporters declare sizes as free that are not (Hugging Face's do for every transformer, whose position
 * embeddings fit one): where nobody says a size and the model does not run at the usual one, it is the first at which it runs.
 */
export async function settle(graph: Graph, options: SettleOptions): Promise<Settled> {
  const image = findImageInput(graph, options);
  const asked = options.size !== undefined;
  try {
    const free = `The file leaves the picture's size free; ${image.height} × ${image.width} is used.`;
    return await settleAt(graph, image, options, image.sizeIsFree ? [free] : []);
  } catch (cause) {
    if (!image.sizeIsFree || !isOfSizes(cause)) throw cause;
    for (const side of asked ? [] : OTHER_SIDES) {
      const other = findImageInput(graph, { ...options, size: [side, side] });
      const found = `The file leaves the picture's size free, but does not run at ${image.height} × ${image.width}; ${other.height} × ${other.width} is used.`;
      try {
        return await settleAt(graph, other, options, [found]);
      } catch (again) {
        if (!isOfSizes(again)) throw again;
      }
    }
    throw errors.sizeDoesNotFit(image.name, [image.height, image.width], asked, cause);
  }
}

/** Whether the runtime stopped at sizes that do not fit each other. */
const isOfSizes = (cause: unknown): boolean =>
  isSeewhyError(cause) &&
  (cause.code === 'RUNTIME_REFUSED' || cause.code === 'RUN_FAILED') &&
  /shape|dimension|broadcast|\bdims?\b/i.test(cause.what);

async function settleAt(
  given: Graph,
  image: ImageInput,
  options: SettleOptions,
  said: readonly string[],
): Promise<Settled> {
  const { runtime } = options;
  const notices: string[] = [];
  const extras = otherInputs(given, image, options.inputs ?? {}, notices);
  notices.push(...said);
  const one = { ...extras, [image.name]: imageProbe(image) };
  const several = options.batch === 'free' && image.declaredBatch === 'free';
  const graph = await settleBranches(runtime, given, one, several ? twoItems(image, one).two : undefined);
  if (options.batch === 'free') {
    const { notice, ...freed } = await tryFreeBatch(runtime, graph, image, one);
    if (notice) notices.push(notice);
    if (freed.batch === 'free') return { image, extras, notices, ...freed };
    return { image, extras, ...freed, ...fixedAt(freed.graph, image, one, notices), notices };
  }
  const { shapes } = await probe(runtime, graph, one);
  const batchReason = 'the model was prepared for one picture a run';
  return { image, extras, shapes, batch: 'fixed', batchReason, ...fixedAt(graph, image, one, notices), notices };
}

/** The graph for the sizes of one item. */
function fixedAt(graph: Graph, image: ImageInput, one: Readonly<Record<string, RunTensor>>, notices: string[]) {
  const declared = declaredBatch(graph, image);
  if (declared !== undefined && declared !== 1)
    notices.push(`The file declares a batch of ${declared}; it is run for one picture at a time.`);
  return { graph: withSizesOf(graph, one) };
}

/** The batch that a graph declares for its image; undefined: any. */
function declaredBatch(graph: Graph, image: ImageInput): number | undefined {
  const batch = graph.inputs.find(({ name }) => name === image.name)?.shape?.[0];
  return typeof batch === 'number' ? batch : undefined;
}

const PROBE_PERIOD = 997;

/**
 * A picture for probing: not constant, so that no normalisation divides by zero. Another phase has another range: what is scaled by the range
 * of a whole batch then gives itself away.
 */
function imageProbe(image: ImageInput, phase = 0): RunTensor {
  const tensor = zeros(image.type, imageDims(image));
  const { data } = tensor;
  if (data instanceof Float32Array || data instanceof Float64Array) {
    // A prime number of values, again and again: no two lines of a picture are alike, and few sines are to be computed.
    const first = Math.min(PROBE_PERIOD, data.length);
    for (let index = 0; index < first; index++) data[index] = (Math.sin(index * 12.9898 + phase) * 0.5) / (1 + phase);
    for (let filled = first; filled < data.length; filled *= 2) data.copyWithin(filled, 0, filled);
  }
  return tensor;
}

function otherInputs(
  graph: Graph,
  image: ImageInput,
  given: Readonly<Record<string, RunTensor>>,
  notices: string[],
): Record<string, RunTensor> {
  const others = graph.feeds.filter((value) => value.name !== image.name);
  for (const name of Object.keys(given)) {
    if (!others.some((value) => value.name === name))
      throw errors.unknownInput(
        name,
        others.map((value) => value.name),
      );
  }
  const missing: string[] = [];
  const result: Record<string, RunTensor> = {};
  for (const value of others) {
    const tensor = given[value.name] ?? trainingFlag(value, notices);
    if (tensor) result[value.name] = tensor;
    else missing.push(value.name);
  }
  if (missing.length > 0) throw errors.inputNeeded(missing);
  return result;
}

/** A scalar bool input called `training` or `is_training` is false: explaining is inference. */
function trainingFlag(value: Value, notices: string[]): RunTensor | undefined {
  if (value.type !== 'bool' || !/training|learning_phase/i.test(value.name)) return undefined;
  notices.push(`The input '${value.name}' is set to false.`);
  return zeros('bool', []);
}

/** Feeds of another item, and of both together. */
function twoItems(image: ImageInput, one: Readonly<Record<string, RunTensor>>) {
  // Two different pictures: a graph that mixes items would pass with two equal ones.
  const other = { ...one, [image.name]: imageProbe(image, 1) };
  const two = Object.fromEntries(
    Object.entries(one).map(([name, tensor]) => [
      name,
      tensor.dims.length > 0 ? stack([tensor, other[name]!]) : tensor,
    ]),
  );
  return { other, two };
}

/** Probes at one and two items; a graph with a fixed batch of 1 is rewritten first, and used only if it then gives the same outputs. */
async function tryFreeBatch(
  runtime: Runtime,
  graph: Graph,
  image: ImageInput,
  one: Readonly<Record<string, RunTensor>>,
) {
  const { other, two } = twoItems(image, one);
  const fixed = (single: Probe, batchReason: string) => ({
    graph,
    shapes: single.shapes,
    batch: 'fixed' as const,
    batchReason,
    notice: undefined,
  });
  if (image.declaredBatch === 'free') {
    const direct = await probe(runtime, graph, one, two);
    if (direct.batch === 'free' && (await sameTogether(runtime, graph, one, other, two)))
      return { graph, shapes: direct.shapes, batch: 'free' as const, batchReason: '', notice: undefined };
    if (direct.batch === 'free')
      return fixed(
        await probe(runtime, graph, one),
        "run together, pictures change each other's outputs (dynamic quantisation shares one scale among them)",
      );
  }
  const single = await probe(runtime, graph, one);
  const freed = freeBatch(graph, {
    shapes: single.shapes as ReadonlyMap<string, readonly number[]>,
    inputs: Object.keys(one),
  });
  if (!freed.freed) return fixed(single, freed.reason ?? 'the graph does not allow another batch');
  const probed = await probe(runtime, freed.graph, one, two).catch(() => undefined);
  if (probed?.batch !== 'free' || !(await sameTogether(runtime, freed.graph, one, other, two)))
    return fixed(single, 'rewritten for a free batch, the graph gave other outputs, so it was left as it is');
  return {
    graph: freed.graph,
    shapes: probed.shapes,
    batch: 'free' as const,
    batchReason: '',
    notice: `Rewrote the fixed batch of ${declaredBatch(graph, image) ?? 1} to a free one; outputs for one and two pictures agree.`,
  };
}

/** Whether two items together give the outputs of each alone. */
async function sameTogether(
  runtime: Runtime,
  graph: Graph,
  one: Readonly<Record<string, RunTensor>>,
  other: Readonly<Record<string, RunTensor>>,
  two: Readonly<Record<string, RunTensor>>,
): Promise<boolean> {
  const session = await runtime.open(graph);
  try {
    const a = await session.run(one);
    const b = await session.run(other);
    const together = await session.run(two);
    return graph.outputs.every(({ name }) => {
      const alone = [...toFloat32(a[name]!), ...toFloat32(b[name]!)];
      const both = toFloat32(together[name]!);
      if (both.length !== alone.length) return false;
      const scale = alone.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
      return both.every((value, index) => Math.abs(value - alone[index]!) <= 1e-3 * scale);
    });
  } catch {
    return false;
  } finally {
    await session.release();
  }
}
