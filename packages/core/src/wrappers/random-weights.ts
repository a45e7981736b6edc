import { type DataType, type Graph, Tensor, type TensorData } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import type { Method, SamplingMethod } from '../methods/method.ts';
import type { Model } from '../model.ts';
import { randomStream } from '../random/random-stream.ts';
import { type RunControl, type Sampled, type SampledItem, type Sampler, SamplerContext } from '../sampling/sampler.ts';
import { toFloat32 } from '../tensors.ts';
import { infoOf } from './info-of.ts';
import { MapMaker } from './map-maker.ts';

/**
 * A method on the same model with random weights: what it shows of a network that has learned nothing (Adebayo et al., "Sanity checks for
 * saliency maps", NeurIPS 2018). Prediction and explained class stay those of the real model.
 */
export function withRandomWeights(method: Method): SamplingMethod {
  return {
    ...infoOf(method),
    kind: 'sampling',
    title: `${method.title}, of random weights`,
    wrappers: { ...method.wrappers, weights: 'random' },
    remarks: [...(method.remarks ?? []), NOTE],
    open: (context) => new RandomWeightsSampler(method, context),
  };
}

const NOTE =
  'The map is of the same network with its weights shuffled, for comparison; the prediction and the explained class are those of the real model.';

class RandomWeightsSampler implements Sampler {
  private readonly context: SamplerContext;
  private readonly derived: SamplerContext;
  private readonly maker: MapMaker;

  constructor(method: Method, context: SamplerContext) {
    this.context = context;
    const { score, layer, options, sampling } = context;
    const model = method.needs === 'picture' ? context.model : shuffledModel(context.model, sampling.seed);
    this.derived = new SamplerContext({ model, method, score, layer, options, sampling });
    this.maker = new MapMaker(method, this.derived);
  }

  async attribute(item: SampledItem, control: RunControl): Promise<Sampled> {
    if (control.signal?.aborted) throw errors.aborted();
    const [map] = await this.maker.maps([{ data: toFloat32(item.image), item: item.item }], item, control);
    return { ...map!, data: map!.data.slice(), total: map!.total };
  }

  async release(): Promise<void> {
    await this.maker.release();
    await this.derived.release();
    models.delete(this.context.model);
  }
}

/** Shuffled models of the methods, layers and targets of one call are one. */
const models = new WeakMap<Model, Map<number, Model>>();

function shuffledModel(model: Model, seed: number): Model {
  const known = models.get(model) ?? new Map<number, Model>();
  models.set(model, known);
  const made = known.get(seed) ?? model.withWeights(shuffledWeights(model.graph, seed));
  known.set(seed, made);
  return made;
}

/** Position of the weights among the inputs of the operators that have them. */
const WEIGHTS_AT: Readonly<Record<string, readonly number[]>> = {
  Conv: [1],
  ConvTranspose: [1],
  Gemm: [0, 1],
  MatMul: [0, 1],
  ConvInteger: [1],
  MatMulInteger: [0, 1],
  QLinearConv: [3],
  QLinearMatMul: [0, 3],
};

/** Operators between the stored weights and their use. */
const CARRIES = new Set(['Cast', 'DequantizeLinear', 'Identity', 'Reshape', 'Transpose', 'Unsqueeze', 'Squeeze']);

/** Element types that are shuffled: those whose elements are at least a byte. */
const SHUFFLED = new Set<DataType>(['float32', 'float64', 'float16', 'bfloat16', 'int8', 'uint8']);

/**
 * The weights of rank 2 or more of convolutions, Gemm and MatMul, each with its elements in random order: mean, deviation and the whole
 * distribution of every tensor stay, what was learned is gone. Biases, scales and statistics of normalisations stay.
 * @throws NO_WEIGHTS
 */
export function shuffledWeights(graph: Graph, seed: number): Map<string, Tensor> {
  const names = new Set<string>();
  for (const node of graph.nodes) {
    for (const position of WEIGHTS_AT[node.op] ?? []) {
      const name = storedBehind(graph, node.inputs[position]);
      const tensor = name === undefined ? undefined : graph.initializers.get(name);
      if (tensor && tensor.dims.length >= 2 && SHUFFLED.has(tensor.type)) names.add(name!);
    }
  }
  if (names.size === 0) throw errors.noWeights();
  return new Map([...names].map((name) => [name, shuffled(graph.initializers.get(name)!, seed, name)]));
}

/** The initializer that a value is made of without arithmetic. */
function storedBehind(graph: Graph, value: string | undefined): string | undefined {
  let name = value;
  while (name !== undefined && !graph.initializers.has(name)) {
    const maker = graph.producers.get(name);
    name = maker && CARRIES.has(maker.op) ? maker.inputs[0] : undefined;
  }
  return name;
}

function shuffled(tensor: Tensor, seed: number, name: string): Tensor {
  const data = tensor.data().slice() as Float32Array;
  const stream = randomStream(seed, 'weights', name);
  for (let i = data.length - 1; i > 0; i--) {
    const j = stream.uniformInt(i + 1);
    const held = data[i]!;
    data[i] = data[j]!;
    data[j] = held;
  }
  return Tensor.of(tensor.type, tensor.dims, data as TensorData);
}
