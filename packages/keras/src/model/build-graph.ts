import { type Graph, removeDeadNodes, type Tensor } from '@seewhy/onnx';
import { isObject } from '../archive/json.ts';
import { errors, layerLabel } from '../errors.ts';
import { inputsOf, isLayerValue, LayerContext, type LayerImporter, LayerOptions, type LayerTable } from '../layer.ts';
import { type ActivationTable, activate } from '../layers/activation.ts';
import { functionImporter } from '../layers/functions.ts';
import { LAYERS } from '../layers/table.ts';
import { dequantised, isQuantised, scaleOf } from '../weights/dequantised.ts';
import type { LayerPlace, RawWeight, WeightSource, WeightSpec } from '../weights/source.ts';
import { toFloat32 } from '../weights/to-float32.ts';
import { lowRankSpecs, withLowRank } from '../weights/with-low-rank.ts';
import { asShape, type LayerConfig, type ModelConfig, Ref } from './config.ts';
import { withConstants } from './constants.ts';
import { Emitter, MOST_NODES } from './emitter.ts';
import type { KerasShape, LayerValue } from './layer-value.ts';
import { withMasks } from './masks.ts';
import { otherPrecision, packedBits, precisionNotice } from './precision.ts';
import { snakeCase } from './snake-case.ts';
import { unfitClass } from './unfit-classes.ts';
import { type WantedShapes, wantedShape } from './wanted-shape.ts';

/** One call of a layer and the value that holds its result. */
export interface LayerView {
  /** Keras's name; inside of nested models `outer/inner`; a second call of a shared layer `name:1`. */
  readonly name: string;
  readonly className: string;
  /** The graph's value. */
  readonly value: string;
  /** Shape as Keras shows it, batch first. */
  readonly shape: KerasShape;
  /** `channels-first`: the value holds Keras's last axis at axis 1. */
  readonly layout: LayerValue['layout'];
}

export interface GraphOptions extends WantedShapes {
  readonly weights: WeightSource;
  readonly dialect: 2 | 3;
  readonly layers: LayerTable;
  readonly activations: ActivationTable;
}

export interface BuiltGraph {
  readonly graph: Graph;
  readonly layers: readonly LayerView[];
  readonly notices: readonly string[];
}

/** Builds the graph of a model with its weights. */
export function buildGraph(model: ModelConfig, options: GraphOptions): BuiltGraph {
  return new GraphMaker(model, options).make();
}

/** Where a layer is: by names for its weights, by scope for the names of its values. */
interface Place {
  readonly names: readonly string[];
  readonly folder: string;
  readonly scope: string;
}

interface Instance {
  readonly weights: ReadonlyMap<string, Tensor>;
  readonly constants: Map<string, string>;
}

class GraphMaker {
  private readonly model: ModelConfig;
  private readonly options: GraphOptions;
  private readonly b: Emitter;
  private readonly instances = new Map<string, Instance>();
  private readonly views: { view: Omit<LayerView, 'value'>; value: string }[] = [];
  private readonly notices = new Set<string>();
  /** Layers that Keras computes in another precision, by that. */
  private readonly precisions = new Map<string, Set<string>>();
  /** The batch of the first input, where the model fixes it. */
  private batch: number | undefined;

  constructor(model: ModelConfig, options: GraphOptions) {
    this.model = model;
    this.options = options;
    this.b = new Emitter(model.name);
  }

  make(): BuiltGraph {
    const { b, model } = this;
    const inputs = model.inputs.map((ref, index) => this.input(ref, index));
    const outputs = this.run(model, inputs, { names: [], folder: '', scope: '' });
    b.scope = '';
    const taken = new Set<string>(inputs.map(({ value }) => value));
    const last = outputs.map((value, index) => {
      const ref = model.outputs[index]!;
      let name = ref.tensor === 0 ? ref.layer : `${ref.layer}:${ref.tensor}`;
      for (let count = 1; taken.has(name); count++) name = `${ref.layer}_output${count === 1 ? '' : count}`;
      taken.add(name);
      return { name, held: b.inKerasLayout(value) };
    });
    // Outputs have the first right to the names of their layers: what is held otherwise keeps its inner name.
    for (const { name, held } of last) {
      const shape = held.shape.map((dim, axis) => (axis === 0 ? 'N' : dim));
      if (b.nameAs(held.value, name) === name) b.output(held.value, held.value, held.type, shape);
      else {
        b.reserve(name);
        b.output(held.value, name, held.type, shape);
      }
    }
    for (const { view, value } of this.views) b.nameAs(value, view.name);
    for (const [policy, layers] of this.precisions) this.notices.add(precisionNotice(policy, [...layers]));
    const graph = removeDeadNodes(b.build());
    const layers = this.views.map(({ view, value }) => ({ ...view, value: b.finalName(value) }));
    return { graph, layers, notices: [...this.notices] };
  }

  /** A graph input for an input layer, in Keras's layout. */
  private input(ref: Ref, index: number): LayerValue {
    const layer = this.model.layers.find(({ name }) => name === ref.layer);
    const name = layer?.name ?? 'input';
    const config = layer?.config ?? {};
    const declared = layer ? (asShape(config.batch_shape) ?? asShape(config.batch_input_shape)) : this.model.inputShape;
    const shape = wantedShape(this.options, { name, index }, declared);
    if (!shape) throw errors.noInputShape(this.model.name);
    this.batch ??= declared?.[0] ?? undefined;
    if (typeof config.sparse === 'boolean' && config.sparse)
      throw errors.unsupported(layerLabel('InputLayer', name), 'a sparse input');
    const dtype = typeof config.dtype === 'string' ? config.dtype : 'float32';
    if (dtype === 'string') throw errors.unsupported(layerLabel('InputLayer', name), 'an input of texts');
    if (dtype !== 'float32')
      this.notices.add(`The input '${name}' is ${dtype} in Keras; the graph takes the same numbers as float32.`);
    const spatial =
      shape.length === 4
        ? ['N', 'height', 'width', 'channels']
        : ['N', ...shape.slice(1).map((_, at) => `${name}_${at + 1}`)];
    this.b.reserve(name);
    const free: KerasShape = [null, ...shape.slice(1)];
    this.b.input(
      name,
      'float32',
      free.map((dim, axis) => dim ?? spatial[axis]!),
    );
    return { value: name, shape: free, layout: 'keras', type: 'float32' };
  }

  /** Runs a model on values: its layers in the order of their dependencies. */
  private run(model: ModelConfig, inputs: readonly LayerValue[], place: Place): readonly LayerValue[] {
    if (inputs.length !== model.inputs.length)
      throw errors.badShape(
        `model '${model.name}'`,
        `It takes ${model.inputs.length} inputs and gets ${inputs.length}`,
      );
    const results = new Map<string, readonly LayerValue[]>();
    const key = (layer: string, node: number) => `${node}:${layer}`;
    for (const [index, ref] of model.inputs.entries()) results.set(key(ref.layer, 0), [inputs[index]!]);
    const folders = layerFolders(model, place.folder);
    const calls = model.layers.flatMap((layer) =>
      results.has(key(layer.name, 0)) && layer.className === 'InputLayer'
        ? []
        : layer.calls.map((call, node) => ({ layer, call, node })),
    );
    const known = new Set(calls.map(({ layer, node }) => key(layer.name, node)));
    const value = (ref: Ref): LayerValue => {
      const found = results.get(key(ref.layer, ref.node))?.[ref.tensor];
      if (!found)
        throw errors.badConfig(
          `model '${model.name}'`,
          `output ${ref.tensor} of call ${ref.node} of the layer '${ref.layer}' is referred to, which does not exist`,
        );
      return found;
    };
    // Kahn's algorithm.
    const waiting = new Map<number, number>();
    const readers = new Map<string, number[]>();
    const ready: number[] = [];
    calls.forEach(({ call }, index) => {
      const needs = new Set(refs([call.args, call.kwargs]).map((ref) => key(ref.layer, ref.node)));
      let open = 0;
      for (const need of needs) {
        if (results.has(need)) continue;
        if (!known.has(need)) continue; // `value` tells what is wrong
        open++;
        const list = readers.get(need);
        if (list) list.push(index);
        else readers.set(need, [index]);
      }
      waiting.set(index, open);
      if (open === 0) ready.push(index);
    });
    let done = 0;
    for (let at = 0; at < ready.length; at++) {
      const { layer, call, node } = calls[ready[at]!]!;
      const resolve = (item: unknown): unknown => {
        if (item instanceof Ref) return value(item);
        if (Array.isArray(item)) return item.map(resolve);
        return isObject(item)
          ? Object.fromEntries(Object.entries(item).map(([name, inner]) => [name, resolve(inner)]))
          : item;
      };
      const scope = `${place.scope}${layer.name}${node === 0 ? '' : `:${node}`}`;
      const inner: Place = { names: [...place.names, layer.name], folder: folders.get(layer)!, scope };
      const args = call.args.map(resolve);
      const kwargs = resolve(call.kwargs) as Record<string, unknown>;
      const made = this.call(layer, args, kwargs, inner);
      results.set(key(layer.name, node), made);
      done++;
      for (const reader of readers.get(key(layer.name, node)) ?? []) {
        const open = waiting.get(reader)! - 1;
        waiting.set(reader, open);
        if (open === 0) ready.push(reader);
      }
    }
    if (done < calls.length)
      throw errors.cycle(calls.filter((_, index) => waiting.get(index)! > 0).map(({ layer }) => layer.name));
    return model.outputs.map(value);
  }

  private call(
    layer: LayerConfig,
    given: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
    place: Place,
  ): readonly LayerValue[] {
    if (this.b.count > MOST_NODES) throw errors.tooLarge('nodes', MOST_NODES);
    let made: readonly LayerValue[];
    if (layer.model) {
      made = this.run(layer.model, modelInputs(layer.model, given, kwargs), { ...place, scope: `${place.scope}/` });
    } else {
      const label = layerLabel(layer.className, place.scope);
      const policy = otherPrecision(layer);
      if (policy !== undefined) this.tellPrecision(policy, place.names);
      const packed = packedBits(layer);
      if (packed !== undefined)
        throw errors.unsupported(
          label,
          `weights packed as ${packed}`,
          "Save the model as it was before quantize(), or quantise it to 'int8'.",
        );
      const importer = this.importer(layer, label);
      const options = new LayerOptions(layer.config, label, this.options.dialect);
      this.b.scope = place.scope;
      const where = { label, batch: this.batch };
      // Functions and custom layers read numbers that are given alone themselves; those in lists of values are values.
      const args =
        importer === LAYERS[layer.className]
          ? withConstants(given, this.b, where)
          : given.map((item) => (Array.isArray(item) ? withConstants(item, this.b, where) : item));
      const inputs = inputsOf(args, kwargs);
      const shapes = inputs.map(({ shape }) => shape);
      const instance = this.instance(importer, options, shapes, place, label);
      const context = new LayerContext({
        b: this.b,
        options,
        layer,
        path: place.scope,
        args,
        kwargs,
        ...instance,
        call: (wrapped, owner, inputs) => {
          const inner: Place = {
            names: [...place.names, wrapped.name],
            folder: owner === '' ? place.folder : `${place.folder}/${owner}`,
            scope: `${place.scope}/${wrapped.name}`,
          };
          const result = this.call(wrapped, [inputs.length === 1 ? inputs[0] : inputs], {}, inner);
          this.b.scope = place.scope;
          return result;
        },
        activate: (context, x, spec) => activate(context, x, spec, this.options.activations),
        notice: (text) => this.notices.add(text),
        batch: this.batch,
      });
      const result = importer.build(context);
      made = isLayerValue(result) ? [result] : (result as readonly LayerValue[]);
      if (importer.masks !== 'own') {
        const { results, lost } = withMasks(this.b, layer, this.options.dialect, inputs, made);
        made = results;
        if (lost)
          this.notices.add(
            `The mask of what goes into ${label} ends there, as in Keras: the layer does not pass masks on.`,
          );
      }
    }
    made.forEach((result, index) => {
      const name = index === 0 ? place.scope : `${place.scope}:output${index}`;
      const { shape, layout } = result;
      this.views.push({ view: { name, className: layer.className, shape, layout }, value: result.value });
    });
    return made;
  }

  private importer(layer: LayerConfig, label: string): LayerImporter {
    const { layers: custom } = this.options;
    const { className } = layer;
    for (const key of [`${className}:${layer.name}`, className]) if (Object.hasOwn(custom, key)) return custom[key]!;
    if (className === 'Lambda') throw errors.lambda(label, lambdaKind(layer.config.function));
    const known = functionImporter(layer, label, this.options.dialect, custom);
    if (known) return known;
    if (Object.hasOwn(LAYERS, className)) return LAYERS[className]!;
    const unfit = unfitClass(className);
    if (unfit) throw errors.unsupported(label, unfit.why, unfit.cure);
    if ('layers' in layer.config) throw errors.subclassed(className);
    throw errors.unknownLayer(label, className, [...Object.keys(custom), ...Object.keys(LAYERS)]);
  }

  /** A layer's weights, fetched at its first call. */
  private instance(
    importer: LayerImporter,
    options: LayerOptions,
    shapes: readonly KerasShape[],
    place: Place,
    label: string,
  ): Instance {
    const key = place.names.join('\0');
    const before = this.instances.get(key);
    if (before) return before;
    const specs = importer.weights?.(options, shapes) ?? [];
    const where: LayerPlace = { names: place.names, folder: place.folder, label };
    const found = specs.length === 0 ? [] : this.options.weights.find(where, specs);
    const weights = new Map<string, Tensor>();
    // Scales lie behind all other weights of their owner.
    const small = specs.filter((spec, index) => spec.scaleAxes && isQuantised(found[index]!));
    const scales = small.length === 0 ? [] : this.options.weights.find(where, [...specs, ...small.map(scaleOf)]);
    if (small.length > 0) this.tellPrecision('int8', place.names);
    for (const [index, spec] of specs.entries()) {
      const scale = small.includes(spec) ? scales[specs.length + small.indexOf(spec)] : undefined;
      const tensor = this.tensor(found[index]!, spec, label, scale);
      weights.set(weightKey(spec), this.adapted(tensor, spec, options, where));
    }
    const instance = { weights, constants: new Map<string, string>() };
    this.instances.set(key, instance);
    return instance;
  }

  /** A weight with its LoRA, where the file keeps the two apart. */
  private adapted(weight: Tensor, spec: WeightSpec, options: LayerOptions, where: LayerPlace): Tensor {
    const [a, b] = lowRankSpecs(spec).map((factor) => this.options.weights.beside?.(where, factor));
    if (!a || !b) return weight;
    // Of layers inside a layer Keras does not write α.
    if (spec.owner !== undefined)
      throw errors.unsupported(
        where.label,
        `LoRA of its '${spec.owner}', whose alpha an .h5 file does not tell`,
        "Save the model as .keras, which adds up both: model.save('model.keras').",
      );
    return withLowRank(weight, [a, b], options.number('lora_alpha', b.dims[0]), spec, where.label);
  }

  private tellPrecision(policy: string, names: readonly string[]): void {
    this.precisions.set(policy, (this.precisions.get(policy) ?? new Set()).add(names.join('/')));
  }

  private tensor(raw: RawWeight, spec: WeightSpec, label: string, scale?: RawWeight): Tensor {
    const name = weightKey(spec);
    const fits =
      raw.dims.length === spec.shape.length &&
      raw.dims.every((dim, axis) => spec.shape[axis] === null || spec.shape[axis] === dim);
    if (!fits) throw errors.weightShape(label, name, raw.dims, spec.shape);
    if (scale) return dequantised(raw, scale, spec, label);
    // Without its scale such a weight means nothing.
    if (isQuantised(raw)) throw errors.weightType(label, name, raw.type);
    if (raw.type === 'float64') this.notices.add('Weights in double precision (float64) are used as float32.');
    return toFloat32(raw, label, name);
  }
}

function weightKey(spec: WeightSpec): string {
  return spec.owner ? `${spec.owner}/${spec.name}` : spec.name;
}

function refs(value: unknown): Ref[] {
  if (value instanceof Ref) return [value];
  if (Array.isArray(value)) return value.flatMap(refs);
  return isObject(value) ? Object.values(value).flatMap(refs) : [];
}

/** What a nested model is called with, in the order of its inputs. */
function modelInputs(
  model: ModelConfig,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
): LayerValue[] {
  const [first] = args;
  if (isObject(first) && !isLayerValue(first)) {
    const named = model.inputNames.map((name) => first[name]);
    if (named.every(isLayerValue)) return named;
  }
  return inputsOf(args, kwargs);
}

/** Folders of a model's layers in a Keras 3 weights file: class names in snake case, counted from the second on. */
function layerFolders(model: ModelConfig, folder: string): Map<LayerConfig, string> {
  const counts = new Map<string, number>();
  const folders = new Map<LayerConfig, string>();
  const base = folder === '' ? 'layers' : `${folder}/layers`;
  for (const layer of model.layers) {
    if (/(^|\.)ops(\.|$)/.test(layer.module)) {
      folders.set(layer, '');
      continue;
    }
    const name = snakeCase(
      Object.hasOwn(PYTHON_NAMES, layer.className) ? PYTHON_NAMES[layer.className]! : layer.className,
    );
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    folders.set(layer, `${base}/${count === 0 ? name : `${name}_${count}`}`);
  }
  return folders;
}

/** Classes that are called otherwise in Python than in files. */
const PYTHON_NAMES: Readonly<Record<string, string>> = {
  Model: 'Functional',
  GroupQueryAttention: 'GroupedQueryAttention',
};

/** As Keras makes attribute-like names of class names: `Conv2DTranspose` → `conv2d_transpose`. */

function lambdaKind(value: unknown): string {
  if (typeof value === 'string') return `function '${value}'`;
  if (isObject(value) && value.class_name === 'function') return `function '${String(value.config)}'`;
  return 'byte code';
}
