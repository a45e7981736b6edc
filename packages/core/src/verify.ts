import { type Graph, GraphBuilder, Node, Value } from '@seewhy/onnx';
import { compileExplained } from './compile.ts';
import { Explainer, throwIfAborted } from './explainer.ts';
import type { Layer } from './layers.ts';
import type { GraphMethod } from './methods/method.ts';
import { findMethod } from './methods/registry.ts';
import { imageDims, type Model } from './model.ts';
import { asFloat32, differentiableImage } from './program.ts';
import type { RunTensor, Session } from './runtime/runtime.ts';
import { classScores } from './seed.ts';
import { labelOf, type Target, TOP } from './target.ts';
import { fromFloat32, toFloat32 } from './tensors.ts';

export interface VerifyOptions {
  readonly target?: Target;
  readonly score?: 'logit' | 'probability';
  /** Directions checked at the image and as many at the layer; default 6. */
  readonly directions?: number;
  /** Largest relative error; default 0.02. */
  readonly tolerance?: number;
  /** Of the directions; default 0. */
  readonly seed?: number;
  /** The graph as it was read, before anything was done to it: its outputs are compared with those of the explained model. */
  readonly original?: Graph;
  readonly signal?: AbortSignal;
  /** Called after each direction with how many are done and how many there are. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** One step of a finite difference. */
export interface VerifyStep {
  /** Length of the step, in standard deviations of what is moved, a pixel (root mean square). */
  readonly step: number;
  /** (f(x + hv) − f(x − hv)) / 2h */
  readonly numeric: number;
  /** |analytic − numeric|, relative. */
  readonly error: number;
}

/** The derivative along one direction, twice: by the explained graph and by moving the input. */
export interface VerifyDirection {
  /** `gradient`, `part of the gradient` (a random half of its places), or `random`. */
  readonly kind: 'gradient' | 'part of the gradient' | 'random';
  /** Σ gradient · direction. */
  readonly analytic: number;
  /** The central difference at the chosen step. */
  readonly numeric: number;
  /** |analytic − numeric|, relative to the larger of both, or to what a random direction is expected to give where both are smaller. */
  readonly error: number;
  /** Uncertainty of the measured slope, relative: twice the scatter of repeated steps, at least what rounding makes. */
  readonly resolution: number;
  readonly step: number;
  /** Every step tried, the largest first. Chosen is the longest that agrees with all shorter ones within their uncertainty. */
  readonly steps: readonly VerifyStep[];
  /** `kinked`: the score bends or rounds at every step, so that this direction says nothing. */
  readonly verdict: 'agrees' | 'differs' | 'kinked';
}

/** The directions at one place of the model. */
export interface VerifyPlace {
  /** The image input, or a layer. */
  readonly place: 'image' | 'layer';
  readonly name: string;
  readonly gradientNorm: number;
  readonly directions: readonly VerifyDirection[];
  readonly largestError: number;
  readonly passed: boolean;
  readonly conclusive: boolean;
}

export interface VerifyReport {
  readonly passed: boolean;
  /** `undecided`: too few directions could be measured on this input. */
  readonly verdict: 'correct' | 'wrong' | 'undecided';
  readonly target: {
    readonly index: number;
    readonly label: string;
    readonly score: 'logit' | 'probability';
    readonly value: number;
  };
  readonly tolerance: number;
  readonly places: readonly VerifyPlace[];
  /** Outputs of the explained model against those of the model as it is in the file. */
  readonly prediction: { readonly largestDifference: number; readonly relative: number; readonly passed: boolean };
  /** Σ gradient × activation at the layer against f(A) − f(0): holds exactly where the head behind it is linear. */
  readonly completeness:
    | {
        readonly applies: true;
        readonly layer: string;
        readonly sum: number;
        readonly difference: number;
        readonly error: number;
        readonly passed: boolean;
      }
    | { readonly applies: false; readonly reason: string };
  readonly notes: readonly string[];
}

/** Half decades from the smallest step. */
const STEPS = 4;
const DELTA = 'seewhy.delta';

/** The gradient itself, as a method: what verify checks. */
const gradientOf = (place: 'image' | 'layer'): GraphMethod => ({
  ...findMethod('saliency'),
  name: `gradient at the ${place}`,
  needs: place === 'image' ? 'input gradient' : 'layer gradient',
  output: place === 'image' ? 'pixel' : 'layer',
  build: ({ gradient }) => gradient,
});

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
  let index = 0;
  let value = 0;
  const places: VerifyPlace[] = [];
  for (const { place, layer: at } of wanted) {
    const explainer = await Explainer.open(model, {
      methods: [gradientOf(place)],
      layers: at ? [at] : [],
      targets: [options.target ?? TOP],
      score,
    });
    let gradient: Float32Array;
    try {
      const [result] = await explainer.run([image], options.signal);
      gradient = result!.maps[0]!.data;
      index = result!.maps[0]!.index;
    } finally {
      await explainer.release();
    }
    const moved = await Moved.open(model, image, at, (scores) => scoreOf(model, scores, index, options.target, score));
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
  const completeness = await checkCompleteness(model, image, index, options, score);
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
    target: { index, label: labelOf(index, model.labels), score, value },
    tolerance,
    places,
    prediction,
    completeness,
    notes,
  };
}

function canDifferentiateImage(model: Model): boolean {
  try {
    return differentiableImage(model) === model.image.name;
  } catch {
    return false;
  }
}

/** The plain model with one of its values (the image, or a layer's activation) moved by a step along a direction. */
class Moved {
  readonly deviation: number;
  private readonly session: Session;
  private readonly feeds: Record<string, RunTensor>;
  private readonly input: string;
  private readonly start: Float32Array;
  private readonly output: string;
  private readonly score: (scores: Float32Array) => number;

  private constructor(
    fields: Pick<Moved, 'deviation'> & Record<'session' | 'feeds' | 'input' | 'start' | 'output' | 'score', unknown>,
  ) {
    this.deviation = fields.deviation;
    this.session = fields.session as Session;
    this.feeds = fields.feeds as Record<string, RunTensor>;
    this.input = fields.input as string;
    this.start = fields.start as Float32Array;
    this.output = fields.output as string;
    this.score = fields.score as (scores: Float32Array) => number;
  }

  static async open(
    model: Model,
    image: RunTensor,
    layer: Layer | undefined,
    score: (scores: Float32Array) => number,
  ): Promise<Moved> {
    const built = plainGraph(model, layer);
    const session = await model.runtime.open(built.graph);
    try {
      const feeds = model.feeds([image]);
      if (!layer) {
        const start = toFloat32(image);
        return new Moved({
          session,
          feeds,
          input: model.image.name,
          start,
          output: built.scores,
          deviation: deviationOf(start),
          score,
        });
      }
      const dims = model.shapes.get(layer.value)!.map((dim) => (typeof dim === 'number' ? dim : dim.batch));
      const start = new Float32Array(dims.reduce((product, dim) => product * dim, 1));
      const type = model.types.get(layer.value) ?? 'float32';
      const still = fromFloat32(start, type, dims);
      const results = await session.run({ ...feeds, [DELTA]: still }, [layer.value]);
      const deviation = deviationOf(toFloat32(results[layer.value]!));
      return new Moved({
        session,
        feeds: { ...feeds, [DELTA]: still },
        input: DELTA,
        start,
        output: built.scores,
        deviation,
        score,
      });
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /** The score at start + h·direction. */
  async at(direction: Float32Array | undefined, h: number): Promise<{ value: number; scores: Float32Array }> {
    const here = this.feeds[this.input]!;
    const point = new Float32Array(this.start.length);
    for (let i = 0; i < point.length; i++) point[i] = this.start[i]! + h * (direction?.[i] ?? 0);
    const results = await this.session.run({ ...this.feeds, [this.input]: fromFloat32(point, here.type, here.dims) }, [
      this.output,
    ]);
    const scores = toFloat32(results[this.output]!);
    return { value: this.score(scores), scores };
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** The model with its class scores as output and, for a layer, an input that is added to the layer's activation. */
function plainGraph(model: Model, layer: Layer | undefined): { graph: Graph; scores: string } {
  let graph = model.graph.with({ outputs: [] });
  if (layer) {
    const sum = `${layer.value}/moved`;
    const dims = model.shapes.get(layer.value)!.map((dim) => (typeof dim === 'number' ? dim : dim.batch));
    const nodes = graph.nodes.map((node) =>
      node.inputs.includes(layer.value)
        ? node.with({ inputs: node.inputs.map((name) => (name === layer.value ? sum : name)) })
        : node,
    );
    graph = graph.with({
      nodes: [...nodes, Node.make('Add', [layer.value, DELTA], [sum])],
      inputs: [...graph.inputs, new Value(DELTA, model.types.get(layer.value) ?? 'float32', dims)],
      outputs: [new Value(layer.value)],
    });
  }
  const builder = new GraphBuilder(graph, { prefix: 'seewhy/verify' });
  const { output } = model;
  const facts = {
    b: builder,
    output,
    of: output.logits,
    logits: output.logits,
    shape: model.shapes.get(output.logits)!,
    type: model.types.get(output.logits) ?? 'float32',
  } as const;
  const scores = asFloat32(builder, classScores(facts), model.types.get(output.logits));
  builder.output(scores);
  return { graph: builder.build(), scores };
}

/** The explained score from the class scores, in double precision. */
function scoreOf(
  model: Model,
  scores: Float32Array,
  index: number,
  target: Target | undefined,
  score: 'logit' | 'probability',
): number {
  const against = target?.kind === 'contrast' ? target.against : undefined;
  const one = (k: number): number => {
    if (model.output.binary) {
      const logit = k === 1 ? scores[0]! : -scores[0]!;
      return score === 'logit' ? logit : 1 / (1 + Math.exp(-logit));
    }
    if (score === 'logit') return scores[k]!;
    if (model.output.activation === 'sigmoid') return 1 / (1 + Math.exp(-scores[k]!));
    const most = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    let sum = 0;
    for (const value of scores) sum += Math.exp(value - most);
    return Math.exp(scores[k]! - most) / sum;
  };
  return against === undefined ? one(index) : one(index) - one(against);
}

function deviationOf(values: Float32Array): number {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return Math.sqrt(Math.max(squares / values.length - mean * mean, 0)) || 1;
}

/** Direction n: the gradient, then by turns a random one and a random half of the gradient's places. All have a root mean square of 1. */
function directionOf(
  n: number,
  gradient: Float32Array,
  random: () => number,
): { kind: VerifyDirection['kind']; direction: Float32Array } {
  const direction = new Float32Array(gradient.length);
  const kind = n === 0 ? 'gradient' : n % 2 === 1 ? 'random' : 'part of the gradient';
  if (kind === 'random') {
    for (let i = 0; i < direction.length; i++) direction[i] = random() < 0.5 ? -1 : 1;
    return { kind, direction };
  }
  // Halves in runs of 16 values: neighbours are told apart, and so are regions.
  let keep = true;
  for (let i = 0; i < direction.length; i++) {
    if (kind !== 'gradient' && i % 16 === 0) keep = random() < 0.5;
    direction[i] = keep ? gradient[i]! : 0;
  }
  let squares = 0;
  for (const value of direction) squares += value * value;
  const size = Math.sqrt(squares / direction.length);
  if (!(size > 0)) return { kind: 'random', direction: direction.map(() => (random() < 0.5 ? -1 : 1)) };
  return { kind, direction: direction.map((value) => value / size) };
}

interface Check {
  kind: VerifyDirection['kind'];
  direction: Float32Array;
  gradient: Float32Array;
  moved: Moved;
  /** Size of the scores: what their rounding is relative to. */
  size: number;
  tolerance: number;
  quantised: boolean;
  half: boolean;
}

/** Rounding of a score that went through a network, relative to the largest score. */
const ROUNDING = { single: 1e-6, half: 1e-3 };
/** A random direction moves every place at once and meets many bends for little slope: it is allowed this many tolerances. */
const RANDOM_TOLERANCES = 10;

/** Moves along one direction by steps of several sizes and compares the slopes with Σ g·v. */
async function check({
  kind,
  direction,
  gradient,
  moved,
  size,
  tolerance,
  quantised,
  half,
}: Check): Promise<VerifyDirection> {
  const { deviation } = moved;
  let analytic = 0;
  let squares = 0;
  for (let i = 0; i < direction.length; i++) {
    analytic += gradient[i]! * direction[i]!;
    squares += gradient[i]! * gradient[i]!;
  }
  // A random direction of unit root mean square is expected to give about |g|.
  const floor = Math.sqrt(squares);
  const scale = Math.max(Math.abs(analytic), floor);
  const relative = (difference: number, numeric: number) => {
    const most = Math.max(scale, Math.abs(numeric));
    return most > 0 ? Math.abs(difference) / most : 0;
  };
  // The smallest step is the one at which rounding blurs the slope by about the tolerance.
  const rounding = (half ? ROUNDING.half : ROUNDING.single) * size;
  const longest = 0.33 * deviation;
  const finest = half ? 0.03 * deviation : 0;
  const smallest = Math.min(longest, Math.max(rounding / Math.max(scale * tolerance, 1e-30), finest));
  const steps: (VerifyStep & { uncertainty: number })[] = [];
  for (let k = 0; k < STEPS; k++) {
    const h = smallest * 10 ** (k / 2);
    if (h > longest && k > 0) break;
    const { slope, scatter } = await slopeAt(moved, direction, h);
    const uncertainty = 2 * Math.max(scatter, rounding / h / Math.sqrt(PAIRS.length) / 2);
    steps.push({ step: h / deviation, numeric: slope, error: relative(analytic - slope, slope), uncertainty });
    if (k > 0 && relative(uncertainty, slope) < tolerance / 10) break;
  }
  // Lepski's rule: the longest step whose slope still lies within the uncertainty of every shorter one.
  let chosen = steps[0]!;
  for (const [k, candidate] of steps.entries()) {
    const fits = steps
      .slice(0, k)
      .every((shorter) => Math.abs(shorter.numeric - candidate.numeric) <= shorter.uncertainty + candidate.uncertainty);
    if (!fits) break;
    if (candidate.uncertainty < chosen.uncertainty) chosen = candidate;
  }
  // Where not even the two shortest steps agree the slope has not settled: what lies between them is not known.
  const drift = chosen === steps[0] && steps[1] ? Math.abs(steps[1].numeric - chosen.numeric) : 0;
  const resolution = relative(Math.max(chosen.uncertainty, drift), chosen.numeric);
  const allowed = (kind === 'random' ? RANDOM_TOLERANCES : 1) * tolerance + 2 * resolution;
  const known = resolution <= (kind === 'random' ? 2 : 1) * tolerance;
  let verdict: VerifyDirection['verdict'] = 'kinked';
  if (known && chosen.error <= allowed) verdict = 'agrees';
  else if (!quantised && !half && (known || chosen.error > 0.5 + 2 * resolution)) verdict = 'differs';
  return {
    kind,
    analytic,
    numeric: chosen.numeric,
    error: chosen.error,
    resolution,
    step: chosen.step,
    steps: steps.map(({ step, numeric, error }) => ({ step, numeric, error })).reverse(),
    verdict,
  };
}

/** Each step is taken twice, whole and half: what lies between the two tells rounding and bends from the slope. */
const PAIRS = [1, 0.5];

async function slopeAt(moved: Moved, direction: Float32Array, h: number): Promise<{ slope: number; scatter: number }> {
  const slopes: number[] = [];
  for (const share of PAIRS) {
    const [up, down] = [await moved.at(direction, h * share), await moved.at(direction, -h * share)];
    slopes.push((up.value - down.value) / (2 * h * share));
  }
  const slope = slopes.reduce((sum, one) => sum + one, 0) / slopes.length;
  const variance = slopes.reduce((sum, one) => sum + (one - slope) ** 2, 0) / (slopes.length - 1);
  return { slope, scatter: Math.sqrt(variance / slopes.length) };
}

function placeOf(
  place: 'image' | 'layer',
  name: string,
  gradient: Float32Array,
  directions: readonly VerifyDirection[],
): VerifyPlace {
  let squares = 0;
  for (const value of gradient) squares += value * value;
  const told = directions.filter((direction) => direction.verdict !== 'kinked');
  return {
    place,
    name,
    gradientNorm: Math.sqrt(squares),
    directions,
    largestError: told.reduce((most, direction) => Math.max(most, direction.error), 0),
    passed: told.every((direction) => direction.verdict === 'agrees'),
    conclusive: told.length * 2 >= directions.length,
  };
}

/** Runs the file's own graph and the compiled one on the same input: every output of the model must come out the same. */
async function comparePrediction(
  model: Model,
  image: RunTensor,
  original: Graph | undefined,
  quantised: boolean,
): Promise<VerifyReport['prediction']> {
  const method = model.defaultLayer ? findMethod('gradcam') : findMethod('saliency');
  const layers = model.defaultLayer ? [model.defaultLayer] : [];
  const explained = compileExplained(model, { methods: [method], layers, target: TOP, score: 'logit' });
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
  index: number,
  options: VerifyOptions,
  score: 'logit' | 'probability',
): Promise<VerifyReport['completeness']> {
  const layer = model.defaultLayer;
  const support = model.methods().find(({ method }) => method.name === 'cam');
  if (!layer || !support?.supported)
    return { applies: false, reason: 'the head behind the default layer is not pooling and one linear layer' };
  if (score === 'probability') return { applies: false, reason: 'a probability is not linear in the layer' };
  const hirescam = findMethod('hirescam');
  const target: Target = options.target ?? { kind: 'class', index, asked: String(index) };
  const explainer = await Explainer.open(model, { methods: [hirescam], layers: [layer], targets: [target], score });
  let sum = 0;
  try {
    const [result] = await explainer.run([image], options.signal);
    for (const value of result!.maps[0]!.data) sum += value;
  } finally {
    await explainer.release();
  }
  const built = plainGraph(model, layer);
  const session = await model.runtime.open(built.graph);
  try {
    const feeds = model.feeds([image]);
    const dims = model.shapes.get(layer.value)!.map((dim) => (typeof dim === 'number' ? dim : dim.batch));
    const type = model.types.get(layer.value) ?? 'float32';
    const zero = fromFloat32(new Float32Array(dims.reduce((product, dim) => product * dim, 1)), type, dims);
    const here = await session.run({ ...feeds, [DELTA]: zero }, [layer.value, built.scores]);
    const away = fromFloat32(
      toFloat32(here[layer.value]!).map((x) => -x),
      type,
      dims,
    );
    const gone = await session.run({ ...feeds, [DELTA]: away }, [built.scores]);
    const of = (results: Record<string, RunTensor>) =>
      scoreOf(model, toFloat32(results[built.scores]!), index, options.target, score);
    const difference = of(here) - of(gone);
    const error = Math.abs(sum - difference) / Math.max(Math.abs(sum), Math.abs(difference), 1e-6);
    return { applies: true, layer: layer.name, sum, difference, error, passed: error <= 1e-2 };
  } finally {
    await session.release();
  }
}

/** mulberry32: a seeded generator of numbers in [0, 1). */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A seeded picture of smooth noise as the model's input: for checks without a picture at hand. */
export function noiseImage(model: Model, seed = 0): RunTensor {
  const dims = imageDims(model.image);
  const random = generator(seed);
  const values = new Float32Array(dims.reduce((product, dim) => product * dim, 1));
  const integer = !['float32', 'float16', 'float64'].includes(model.image.type);
  for (let i = 0; i < values.length; i++) {
    const noise = random() + random() + random() + random() - 2;
    values[i] = integer ? Math.round(128 + noise * 64) : noise;
  }
  return fromFloat32(values, model.image.type, dims);
}
