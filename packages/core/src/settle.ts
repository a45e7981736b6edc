import type { Shape } from '@seewhy/autodiff';
import { type Graph, isSeewhyError } from '@seewhy/onnx';
import { declaredBatch } from './declared-batch.ts';
import { errors } from './errors.ts';
import { findImageInput, type ImageInput } from './image-input.ts';
import { otherInputs } from './other-inputs.ts';
import { probe } from './probe.ts';
import { imageProbe, twoItems } from './probe-feeds.ts';
import type { RunTensor, Runtime } from './runtime/runtime.ts';
import { settleBranches } from './settle-branches.ts';
import { tryFreeBatch } from './try-free-batch.ts';
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
