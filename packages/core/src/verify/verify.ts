import type { Graph } from '@seewhy/onnx';
import { throwIfAborted } from '../aborted.ts';
import { compileExplained } from '../compile.ts';
import { Explainer } from '../explainer.ts';
import type { Layer } from '../layers.ts';
import { gradcam } from '../methods/gradcam.ts';
import { hirescam } from '../methods/hirescam.ts';
import type { GraphMethod } from '../methods/method.ts';
import type { MethodOptions } from '../methods/options.ts';
import { saliency } from '../methods/saliency.ts';
import type { Model } from '../model.ts';
import { differentiableImage } from '../program.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import { type ScoreKind, type Target, TOP } from '../target.ts';
import { checkTarget } from '../targets/check-target.ts';
import { explainedTarget } from '../targets/explained-target.ts';
import { termsOf } from '../targets/terms.ts';
import { fromFloat32, toFloat32 } from '../tensors.ts';
import { DELTA, Moved, plainGraph } from './moved-model.ts';
import { generator } from './noise-image.ts';
import type { VerifyDirection, VerifyOptions, VerifyPlace, VerifyReport } from './report.ts';
import { check, directionOf, placeOf } from './slope.ts';

/** The gradient itself, as a method: what verify checks. */
const gradientOf = (place: 'image' | 'layer'): GraphMethod => ({
  ...saliency,
  name: `gradient at the ${place}`,
  needs: place === 'image' ? 'input gradient' : 'layer gradient',
  output: place === 'image' ? 'pixel' : 'layer',
  build: ({ gradient }) => gradient,
});

/** A method that has no options. */
const alone = (method: GraphMethod) => ({ method, options: {} as MethodOptions });

/**
 * Proof on the model itself: the gradient in the explained graph against central differences of the plain model's score along several
 * directions, at the image and at the default layer; the explained model's outputs against the plain model's; completeness where the
 * head is linear.
 *
 * For a direction v and a step h, (f(x + hv) − f(x − hv)) / 2h must equal Σ g·v. Large steps meet the bends of the network (ReLU), small
 * ones the rounding of float32. Each step is repeated, which gives its uncertainty; the longest step that agrees with all shorter ones is
 * taken (Lepski's rule). Where the uncertainty stays above the tolerance the direction says nothing, and the report says so.
 * @param image the model's input, batch 1
 */
export async function verify(model: Model, image: RunTensor, options: VerifyOptions = {}): Promise<VerifyReport> {
  const score = options.score ?? 'logit';
  checkTarget(options.target ?? TOP, model, score);
  const tolerance = options.tolerance ?? 0.02;
  const count = options.directions ?? 6;
  const random = generator(options.seed ?? 0);
  const notes: string[] = [];
  const layer = model.defaultLayer;
  const pixels = canDifferentiateImage(model);
  if (!pixels) notes.push('The image input holds integers: the gradient is checked at the layer only.');
  const half = model.image.type === 'float16' || model.types.get(model.output.logits) === 'float16';
  if (half)
    notes.push(
      'The model computes in half precision, which is coarse for finite differences: some directions may say nothing.',
    );
  const quantised = model.graph.nodes.some((node) => /QuantizeLinear$|^(Round|Floor|Ceil)$/.test(node.op));
  if (quantised)
    notes.push(
      'The model is quantised: its score moves in stairs, whose slope is zero. The explanation uses the straight-through gradient (that of the network without rounding), which finite differences cannot confirm.',
    );
  const wanted: { place: 'image' | 'layer'; layer?: Layer }[] = [
    ...(pixels ? [{ place: 'image' as const }] : []),
    ...(layer ? [{ place: 'layer' as const, layer }] : []),
  ];
  const total = wanted.length * count;
  let done = 0;
  let resolved: Target = options.target ?? TOP;
  let value = 0;
  const places: VerifyPlace[] = [];
  for (const { place, layer: at } of wanted) {
    const explainer = await Explainer.open(model, {
      methods: [alone(gradientOf(place))],
      layers: at ? [at] : [],
      targets: [options.target ?? TOP],
      score,
    });
    let gradient: Float32Array;
    try {
      const [result] = await explainer.run([image], options.signal);
      gradient = result!.maps[0]!.data;
      resolved = result!.targets[0]!.resolved;
    } finally {
      await explainer.release();
    }
    const moved = await Moved.open(model, image, at, { target: resolved, score });
    try {
      const base = await moved.at(undefined, 0);
      value = base.value;
      const size =
        score === 'probability' ? 1 : base.scores.reduce((most, one) => Math.max(most, Math.abs(one)), 1e-30);
      const directions: VerifyDirection[] = [];
      for (let n = 0; n < count; n++) {
        throwIfAborted(options.signal);
        const { kind, direction } = directionOf(n, gradient, random);
        directions.push(await check({ kind, direction, gradient, moved, size, tolerance, quantised, half }));
        options.onProgress?.(++done, total);
        // A run on a small model takes microseconds of the event loop each: let others in.
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      places.push(placeOf(place, at?.name ?? model.image.name, gradient, directions));
    } finally {
      await moved.release();
    }
  }
  const prediction = await comparePrediction(model, image, options.original, quantised);
  const completeness = await checkCompleteness(model, image, resolved, options, score);
  const wrong =
    places.some((place) => !place.passed) || !prediction.passed || (completeness.applies && !completeness.passed);
  const undecided = places.length === 0 || places.some((place) => !place.conclusive);
  for (const place of places)
    if (place.gradientNorm === 0)
      notes.push(
        `The gradient at ${place.name} is zero everywhere: the score does not depend on it here (a saturated output?).`,
      );
  return {
    passed: !wrong && !undecided,
    verdict: wrong ? 'wrong' : undecided ? 'undecided' : 'correct',
    target: verified(model, resolved, score, value),
    tolerance,
    places,
    prediction,
    completeness,
    notes,
  };
}

function verified(model: Model, target: Target, score: ScoreKind, value: number): VerifyReport['target'] {
  const explained = explainedTarget(model, target, { resolved: target, value }, score);
  return { index: explained.index, label: explained.label, text: explained.text, score: explained.score, value };
}

function canDifferentiateImage(model: Model): boolean {
  try {
    return differentiableImage(model) === model.image.name;
  } catch {
    return false;
  }
}

/** Runs the file's own graph and the compiled one on the same input: every output of the model must come out the same. */
async function comparePrediction(
  model: Model,
  image: RunTensor,
  original: Graph | undefined,
  quantised: boolean,
): Promise<VerifyReport['prediction']> {
  const method = model.defaultLayer ? gradcam : saliency;
  const layers = model.defaultLayer ? [model.defaultLayer] : [];
  const explained = compileExplained(model, { methods: [alone(method)], layers, target: TOP, score: 'logit' });
  const feeds = model.feeds([image]);
  const names = model.graph.outputs.map((output) => output.name);
  const run = async (graph: Graph) => {
    const session = await model.runtime.open(graph);
    try {
      const known = new Set(graph.feeds.map((value) => value.name));
      return await session.run(Object.fromEntries(Object.entries(feeds).filter(([name]) => known.has(name))), names);
    } finally {
      await session.release();
    }
  };
  const [plain, withMap] = [await run(original ?? model.graph), await run(explained)];
  let largestDifference = 0;
  let scale = 0;
  for (const name of names) {
    const [a, b] = [toFloat32(plain[name]!), toFloat32(withMap[name]!)];
    for (let i = 0; i < a.length; i++) {
      scale = Math.max(scale, Math.abs(a[i]!));
      const difference = Math.abs(a[i]! - b[i]!);
      largestDifference = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(largestDifference, difference);
    }
  }
  const relative = scale > 0 ? largestDifference / scale : largestDifference;
  return {
    largestDifference,
    relative,
    // A stair of a quantised network may be taken on either side.
    passed: relative <= (quantised ? 0.1 : model.types.get(model.output.logits) === 'float16' ? 1e-2 : 1e-4),
  };
}

/** With a linear head behind the layer, f(A) − f(0) = Σ gradient × activation. */
async function checkCompleteness(
  model: Model,
  image: RunTensor,
  target: Target,
  options: VerifyOptions,
  score: ScoreKind,
): Promise<VerifyReport['completeness']> {
  const layer = model.defaultLayer;
  const support = model.methods().find(({ method }) => method.name === 'cam');
  if (!layer || !support?.supported)
    return { applies: false, reason: 'the head behind the default layer is not pooling and one linear layer' };
  if (score !== 'logit') return { applies: false, reason: `a ${score} is not linear in the layer` };
  if (!termsOf(target)) return { applies: false, reason: 'the target is not made of classes alone' };
  const explainer = await Explainer.open(model, {
    methods: [alone(hirescam)],
    layers: [layer],
    targets: [target],
    score,
  });
  let sum = 0;
  try {
    const [result] = await explainer.run([image], options.signal);
    for (const value of result!.maps[0]!.data) sum += value;
  } finally {
    await explainer.release();
  }
  const built = await plainGraph(model, layer, { target, score });
  const session = await model.runtime.open(built.graph);
  try {
    const feeds = model.feeds([image]);
    const dims = model.shapes.get(layer.value)!.map((dim) => (typeof dim === 'number' ? dim : dim.batch));
    const type = model.types.get(layer.value) ?? 'float32';
    const zero = fromFloat32(new Float32Array(dims.reduce((product, dim) => product * dim, 1)), type, dims);
    const here = await session.run({ ...feeds, [DELTA]: zero }, [layer.value, ...built.wanted]);
    const away = fromFloat32(
      toFloat32(here[layer.value]!).map((x) => -x),
      type,
      dims,
    );
    const gone = await session.run({ ...feeds, [DELTA]: away }, built.wanted);
    const difference = built.valueOf(here) - built.valueOf(gone);
    const error = Math.abs(sum - difference) / Math.max(Math.abs(sum), Math.abs(difference), 1e-6);
    return { applies: true, layer: layer.name, sum, difference, error, passed: error <= 1e-2 };
  } finally {
    await session.release();
  }
}
