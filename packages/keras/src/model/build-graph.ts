import { type Graph, removeDeadNodes, type Tensor } from '@seewhy/onnx';
import { isObject } from '../archive/json.ts';
import { errors, layerLabel } from '../errors.ts';
import { inputsOf, isLayerValue, LayerContext, type LayerImporter, LayerOptions, type LayerTable } from '../layer.ts';
import { type ActivationTable, activate } from '../layers/activation.ts';
import { LAYERS } from '../layers/table.ts';
import type { LayerPlace, WeightSource } from '../weights/source.ts';
import { callKey, callOrder } from './call-order.ts';
import { asShape, type LayerConfig, type ModelConfig, Ref } from './config.ts';
import { withConstants } from './constants.ts';
import { Emitter, MOST_NODES } from './emitter.ts';
import { fetchWeights } from './fetch-weights.ts';
import { findImporter } from './find-importer.ts';
import { layerFolders } from './layer-folders.ts';
import type { KerasShape, LayerValue } from './layer-value.ts';
import { withMasks } from './masks.ts';
import { otherPrecision, packedBits, precisionNotice } from './precision.ts';
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
    for (const [index, ref] of model.inputs.entries()) results.set(callKey(ref.layer, 0), [inputs[index]!]);
    const folders = layerFolders(model, place.folder);
    const calls = model.layers.flatMap((layer) =>
      results.has(callKey(layer.name, 0)) && layer.className === 'InputLayer'
        ? []
        : layer.calls.map((call, node) => ({ layer, call, node })),
    );
    const value = (ref: Ref): LayerValue => {
      const found = results.get(callKey(ref.layer, ref.node))?.[ref.tensor];
      if (!found)
        throw errors.badConfig(
          `model '${model.name}'`,
          `output ${ref.tensor} of call ${ref.node} of the layer '${ref.layer}' is referred to, which does not exist`,
        );
      return found;
    };
    const { order, stuck } = callOrder(calls, new Set(results.keys()));
    for (const { layer, call, node } of order) {
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
      results.set(callKey(layer.name, node), made);
    }
    if (stuck.length > 0) throw errors.cycle(stuck.map(({ layer }) => layer.name));
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
      const importer = findImporter(layer, label, this.options.dialect, this.options.layers);
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
    const weights = fetchWeights(this.options.weights, specs, options, where, {
      quantised: () => this.tellPrecision('int8', place.names),
      notice: (text) => this.notices.add(text),
    });
    const instance = { weights, constants: new Map<string, string>() };
    this.instances.set(key, instance);
    return instance;
  }

  private tellPrecision(policy: string, names: readonly string[]): void {
    this.precisions.set(policy, (this.precisions.get(policy) ?? new Set()).add(names.join('/')));
  }
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
