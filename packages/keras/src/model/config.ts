import { isObject, type Json } from '../archive/json.ts';
import { errors } from '../errors.ts';

/** One output of one call of a layer, as other layers refer to it. */
export class Ref {
  readonly layer: string;
  readonly node: number;
  readonly tensor: number;

  constructor(layer: string, node: number, tensor: number) {
    this.layer = layer;
    this.node = node;
    this.tensor = tensor;
  }
}

/** One call of a layer: plain values, with a `Ref` wherever a tensor stands. */
export interface CallConfig {
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
}

/** A layer as the file describes it, the same for all of Keras's dialects. */
export interface LayerConfig {
  readonly className: string;
  /** `keras.layers`, `keras.src.ops.numpy`; empty in Keras 2 files. */
  readonly module: string;
  readonly name: string;
  readonly config: Json;
  readonly calls: readonly CallConfig[];
  /** Set when the layer is itself a Sequential or Functional model. */
  readonly model?: ModelConfig;
}

/** A Sequential or Functional model. */
export interface ModelConfig {
  readonly name: string;
  readonly kind: 'Sequential' | 'Functional';
  readonly layers: readonly LayerConfig[];
  /** The tensors of its input layers; empty for a Sequential model that does not say what it takes. */
  readonly inputs: readonly Ref[];
  readonly outputs: readonly Ref[];
  /** Names of inputs when it is called with a dictionary. */
  readonly inputNames: readonly string[];
  /** Of a Sequential model without an input layer: the shape it was built for. */
  readonly inputShape?: readonly (number | null)[];
}

const MODEL_CLASSES: Readonly<Record<string, ModelConfig['kind']>> = {
  Sequential: 'Sequential',
  Functional: 'Functional',
  Model: 'Functional',
};
const MOST_LAYERS = 20_000;
const MOST_DEPTH = 20;

/**
 * Reads a model's description: Keras 2 or 3, Sequential or Functional, models inside of models.
 * @param json `{ class_name, config }`, or that under `model_config`
 * @throws CONFIG_INVALID, MODEL_SUBCLASSED, MODEL_TOO_LARGE
 */
export function readModelConfig(json: unknown, where: string): ModelConfig {
  const budget = { layers: MOST_LAYERS };
  const model = readModel(json, where, 0, budget);
  if (model) return model;
  const name = isObject(json) && typeof json.class_name === 'string' ? json.class_name : undefined;
  if (name === undefined) throw errors.badConfig(where, 'it names no model class');
  throw errors.subclassed(name);
}

/** True for the description of a model: something with a class name, a config and layers, or a class name of a model. */
export function isModelConfig(json: unknown): json is Json & { readonly class_name: string } {
  return (
    isObject(json) &&
    typeof json.class_name === 'string' &&
    ('config' in json || Object.hasOwn(MODEL_CLASSES, json.class_name))
  );
}

function readModel(json: unknown, where: string, depth: number, budget: { layers: number }): ModelConfig | undefined {
  if (!isObject(json) || typeof json.class_name !== 'string') return undefined;
  if (depth > MOST_DEPTH) throw errors.badConfig(where, `models are nested deeper than ${MOST_DEPTH} levels`);
  // Keras 1 and early Keras 2 wrote a Sequential model's layers without a name around them.
  const config = Array.isArray(json.config) ? { name: 'sequential', layers: json.config } : json.config;
  if (!isObject(config) || !Array.isArray(config.layers)) return undefined;
  // A subclass of Functional or Sequential keeps their layout; only its layout matters then.
  const functional = 'input_layers' in config && 'output_layers' in config;
  const kind = functional ? 'Functional' : MODEL_CLASSES[json.class_name] === 'Functional' ? undefined : 'Sequential';
  if (kind === undefined) throw errors.badConfig(where, 'a functional model lists no inputs or outputs');
  if (kind === 'Sequential' && json.class_name !== 'Sequential') return undefined;
  const name = typeof config.name === 'string' ? config.name : 'model';
  const layers = config.layers.map((layer: unknown, index) => {
    if (--budget.layers < 0) throw errors.tooLarge('layers', MOST_LAYERS);
    return readLayer(layer, `${where}, layer ${index}`, depth, budget);
  });
  const seen = new Set<string>();
  for (const layer of layers) {
    if (seen.has(layer.name)) throw errors.badConfig(where, `two layers are called '${layer.name}'`);
    seen.add(layer.name);
  }
  return kind === 'Sequential' ? sequential(name, layers, config) : functionalModel(name, layers, config, where);
}

/** A layer inside the options of another: the wrapped one of Bidirectional or TimeDistributed. */
export function readInnerLayer(json: unknown, where: string): LayerConfig {
  return readLayer(json, where, 1, { layers: MOST_LAYERS });
}

function readLayer(json: unknown, where: string, depth: number, budget: { layers: number }): LayerConfig {
  if (!isObject(json) || typeof json.class_name !== 'string') throw errors.badConfig(where, 'it names no class');
  const config = isObject(json.config) ? json.config : Array.isArray(json.config) ? { layers: json.config } : {};
  const name = typeof json.name === 'string' ? json.name : config.name;
  if (typeof name !== 'string' || name === '') throw errors.badConfig(where, 'it has no name');
  const model = 'layers' in config ? readModel(json, `${where} '${name}'`, depth + 1, budget) : undefined;
  const nodes = json.inbound_nodes ?? [];
  if (!Array.isArray(nodes)) throw errors.badConfig(`${where} '${name}'`, 'inbound_nodes is no list');
  return {
    className: json.class_name.slice(json.class_name.lastIndexOf('>') + 1),
    module: typeof json.module === 'string' ? json.module : '',
    name,
    config,
    calls: nodes.map((node) => readCall(node, `${where} '${name}'`)),
    ...(model ? { model } : {}),
  };
}

/**
 * One inbound node, Keras 3 (`{ args, kwargs }`) or Keras 2 (`[[layer, node, tensor, kwargs], …]`, one such entry alone, or such entries by name
 * where a model is called with a dictionary).
 */
function readCall(node: unknown, where: string): CallConfig {
  const byName = isObject(node) && !('args' in node) && !('kwargs' in node);
  if (isObject(node) && !byName) {
    const args = Array.isArray(node.args) ? node.args.map((arg) => withRefs(arg, where, 0)) : [];
    const kwargs = isObject(node.kwargs) ? node.kwargs : {};
    return {
      args,
      kwargs: Object.fromEntries(Object.entries(kwargs).map(([key, value]) => [key, withRefs(value, where, 0)])),
    };
  }
  if (!Array.isArray(node) && !byName) throw errors.badConfig(where, 'an inbound node is neither list nor object');
  let kwargs: Record<string, unknown> = {};
  const read = (entry: unknown): unknown => {
    // A list among the arguments: `concat([shape, [24, 4]])`.
    if (Array.isArray(entry) && Array.isArray(entry[0])) return entry.map(read);
    if (!Array.isArray(entry) || typeof entry[0] !== 'string')
      throw errors.badConfig(where, 'an inbound node names no layer');
    if (isObject(entry[3])) kwargs = { ...kwargs, ...entry[3] };
    return entry[0] === '_CONSTANT_VALUE' ? entry[2] : oldRef(entry, where);
  };
  const argument = (): unknown => {
    if (!Array.isArray(node))
      return Object.fromEntries(Object.entries(node as Json).map(([name, entry]) => [name, read(entry)]));
    // TFOpLambda layers have one entry without the list around it.
    const inputs = (typeof node[0] === 'string' ? [node] : node).map(read);
    return inputs.length === 1 ? inputs[0] : inputs;
  };
  const args = [argument()];
  return {
    args,
    kwargs: Object.fromEntries(Object.entries(kwargs).map(([key, value]) => [key, withOldRefs(value, where, 0)])),
  };
}

const whole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function oldRef(entry: readonly unknown[], where: string): Ref {
  const [layer, node, tensor] = entry;
  if (typeof layer !== 'string' || !whole(node ?? 0) || !whole(tensor ?? 0))
    throw errors.badConfig(where, 'a reference to a layer is malformed');
  return new Ref(layer, (node as number) ?? 0, (tensor as number) ?? 0);
}

const MOST_NESTED = 50;

/** Keras 3: `{ class_name: '__keras_tensor__', config: { keras_history } }` anywhere inside. */
function withRefs(value: unknown, where: string, depth: number): unknown {
  if (depth > MOST_NESTED) throw errors.badConfig(where, 'arguments are nested too deep');
  if (Array.isArray(value)) return value.map((item) => withRefs(item, where, depth + 1));
  if (!isObject(value)) return value;
  if (value.class_name === '__keras_tensor__') {
    const history = isObject(value.config) ? value.config.keras_history : undefined;
    if (!Array.isArray(history)) throw errors.badConfig(where, 'a tensor has no history');
    return oldRef(history, where);
  }
  // Arrays are written as nested lists.
  if ((value.class_name === '__numpy__' || value.class_name === '__tensor__') && isObject(value.config))
    return value.config.value;
  if (value.class_name === '__tuple__' && Array.isArray(value.config)) return withRefs(value.config, where, depth + 1);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withRefs(item, where, depth + 1)]));
}

/** Keras 2: a list `[layer, node, tensor]` inside keyword arguments. */
function withOldRefs(value: unknown, where: string, depth: number): unknown {
  if (depth > MOST_NESTED) throw errors.badConfig(where, 'arguments are nested too deep');
  if (Array.isArray(value)) {
    if (typeof value[0] === 'string' && value.length >= 3 && whole(value[1]) && whole(value[2]))
      return oldRef(value, where);
    if (value[0] === '_CONSTANT_VALUE') return value[2];
    return value.map((item) => withOldRefs(item, where, depth + 1));
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withOldRefs(item, where, depth + 1)]));
}

/** Every tensor in an argument, depth first. */
export function refsIn(value: unknown): Ref[] {
  if (value instanceof Ref) return [value];
  if (Array.isArray(value)) return value.flatMap(refsIn);
  return isObject(value) ? Object.values(value).flatMap(refsIn) : [];
}

function sequential(name: string, layers: readonly LayerConfig[], config: Json): ModelConfig {
  const first = layers[0];
  const explicit = first?.className === 'InputLayer';
  const source = explicit ? first.name : '';
  let last = new Ref(source, 0, 0);
  const chained = layers.map((layer) => {
    if (layer === first && explicit) return { ...layer, calls: [{ args: [], kwargs: {} }] };
    const linked = { ...layer, calls: [{ args: [last], kwargs: {} }] };
    last = new Ref(layer.name, 0, 0);
    return linked;
  });
  const declared =
    first?.config.batch_input_shape ??
    first?.config.batch_shape ??
    (first?.model && shapeTaken(first.model)) ??
    config.build_input_shape;
  const inputShape = explicit ? undefined : asShape(declared);
  return {
    name,
    kind: 'Sequential',
    layers: chained,
    inputs: [new Ref(source, 0, 0)],
    outputs: [last],
    inputNames: [explicit ? source : 'input'],
    ...(inputShape ? { inputShape } : {}),
  };
}

/** What a model takes as its only input: TensorFlow.js writes a Sequential model that begins with it without a shape of its own. */
function shapeTaken({ inputs, layers, inputShape }: ModelConfig): unknown {
  if (inputs.length !== 1) return undefined;
  const config = layers.find(({ name }) => name === inputs[0]!.layer)?.config;
  return inputShape ?? config?.batch_input_shape ?? config?.batch_shape;
}

function functionalModel(name: string, layers: readonly LayerConfig[], config: Json, where: string): ModelConfig {
  const inputs = listedRefs(config.input_layers, `${where}, input_layers`);
  const outputs = listedRefs(config.output_layers, `${where}, output_layers`);
  const known = new Map(layers.map((layer) => [layer.name, layer]));
  const references = [
    ...inputs,
    ...outputs,
    ...layers.flatMap(({ calls }) => calls.flatMap(({ args, kwargs }) => [...refsIn(args), ...refsIn(kwargs)])),
  ];
  // Keras 2 counts the calls of a nested model from 1 when it was first called while it was made.
  const highest = new Map<string, number>();
  for (const { layer, node } of references) {
    if (!known.has(layer)) throw errors.badConfig(where, `a layer '${layer}' is referred to, which is not there`);
    highest.set(layer, Math.max(highest.get(layer) ?? 0, node));
  }
  const shift = new Map<string, number>();
  for (const [layer, most] of highest) {
    const calls = known.get(layer)!.className === 'InputLayer' ? 1 : known.get(layer)!.calls.length;
    if (most >= calls) {
      if (calls === 0 || !known.get(layer)!.model || most > 1000)
        throw errors.badConfig(where, `call ${most} of the layer '${layer}' is referred to, which has ${calls}`);
      shift.set(layer, most - calls + 1);
    }
  }
  const moved = (value: unknown): unknown => {
    if (value instanceof Ref)
      return shift.has(value.layer)
        ? new Ref(value.layer, Math.max(0, value.node - shift.get(value.layer)!), value.tensor)
        : value;
    if (Array.isArray(value)) return value.map(moved);
    return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, moved(item)])) : value;
  };
  const linked =
    shift.size === 0
      ? layers
      : layers.map((layer) => ({
          ...layer,
          calls: layer.calls.map(({ args, kwargs }) => ({
            args: moved(args) as unknown[],
            kwargs: moved(kwargs) as Record<string, unknown>,
          })),
        }));
  return {
    name,
    kind: 'Functional',
    layers: linked.map((layer) =>
      layer.className === 'InputLayer' ? { ...layer, calls: [{ args: [], kwargs: {} }] } : layer,
    ),
    inputs: moved(inputs) as Ref[],
    outputs: moved(outputs) as Ref[],
    inputNames: isObject(config.input_layers) ? Object.keys(config.input_layers) : inputs.map(({ layer }) => layer),
  };
}

/** `[['a', 0, 0], …]`, `['a', 0, 0]`, or a dictionary or nested list of such. */
function listedRefs(value: unknown, where: string): Ref[] {
  const found = withOldRefs(value, where, 0);
  const refs = refsIn(found);
  if (refs.length === 0) throw errors.badConfig(where, 'it names no layer');
  return refs;
}

/** A shape with the batch first, out of a file. */
export function asShape(value: unknown): readonly (number | null)[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > 8) return undefined;
  return value.every((dim) => dim === null || (whole(dim) && dim < 2 ** 31)) ? (value as (number | null)[]) : undefined;
}
