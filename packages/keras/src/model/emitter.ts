import { Graph, GraphBuilder, type Node, type ValueName } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import { fromChannelsFirst, heldShape, type KerasShape, type LayerValue, toChannelsFirst } from './layer-value.ts';

/** LayerNormalization came with 17; everything else is older. */
export const OPSET = 17;

/** No real image model comes near; recurrent layers are unrolled. */
export const MOST_NODES = 200_000;
/** A node may make several values. */
const MOST_VALUES = 4 * MOST_NODES;

/**
 * Builds the graph layer by layer. What a layer makes is named under the layer (`block1/conv/kernel`), its result after the layer
 * itself (`block1/conv`). Changes of layout are made once a value and only when asked for.
 */
export class Emitter extends GraphBuilder {
  /** Names of what is made now begin with it: the path of the layer. */
  scope = '';
  count = 0;
  /** True once a reshape has cut the items of the batch into several entries each, which lie one behind the other. */
  cutsItems = false;
  private readonly used = new Set<string>();
  private readonly next = new Map<string, number>();
  private readonly finalNames = new Map<string, string>();
  private readonly named = new Set<string>();
  private readonly converted = new Map<string, LayerValue>();
  private readonly shapes = new Map<ValueName, KerasShape>();

  constructor(name: string) {
    super(new Graph({ name, irVersion: 8, opsets: new Map([['', OPSET]]) }));
  }

  override fresh(hint: string): string {
    const stem = this.scope === '' ? hint : `${this.scope}/${hint}`;
    let count = this.next.get(stem) ?? 0;
    let name = count === 0 ? stem : `${stem}_${count}`;
    while (this.used.has(name)) name = `${stem}_${++count}`;
    this.next.set(stem, count + 1);
    this.used.add(name);
    this.count++;
    // Within one layer too: a description of a few bytes may ask for a billion parts.
    if (this.count > MOST_VALUES) throw errors.tooLarge('values', MOST_VALUES);
    return name;
  }

  /** Keeps a name free for a graph input or output. */
  reserve(name: string): void {
    this.used.add(name);
  }

  /** Gives a value made by a node its final name, unless it has one already or the name is taken. Returns what it is called in the end. */
  nameAs(value: ValueName, name: string): string {
    const before = this.finalNames.get(value);
    if (before !== undefined) return before;
    if (!this.maker(value) || this.used.has(name) || this.named.has(name)) return value;
    this.finalNames.set(value, name);
    this.named.add(name);
    return name;
  }

  /** What a value is called in the finished graph. */
  finalName(value: ValueName): string {
    return this.finalNames.get(value) ?? value;
  }

  /** The value in Keras's own layout. */
  plain(x: LayerValue): ValueName {
    return this.inKerasLayout(x).value;
  }

  /** The same in Keras's own layout. */
  inKerasLayout(x: LayerValue): LayerValue {
    if (x.layout === 'keras') return x;
    return this.convert(x, 'keras', fromChannelsFirst(x.shape.length));
  }

  /** The same with Keras's last axis at axis 1. */
  channelsFirst(x: LayerValue): LayerValue {
    if (x.layout === 'channels-first' || x.shape.length < 3) return x;
    return this.convert(x, 'channels-first', toChannelsFirst(x.shape.length));
  }

  private convert(x: LayerValue, layout: LayerValue['layout'], perm: readonly number[]): LayerValue {
    const key = `${layout}:${x.value}`;
    const before = this.converted.get(key);
    if (before) return withMaskOf(x, before);
    const target: LayerValue = { ...x, layout, value: '' };
    // One pixel (or one channel): the elements lie in the same order either way.
    const movable = heldShape(x).slice(1);
    const trivial = x.shape.slice(1, -1).every((dim) => dim === 1) || x.shape[x.shape.length - 1] === 1;
    const value =
      trivial && movable.filter((dim) => dim === null).length <= 1
        ? this.reshaped(x.value, heldShape(x), heldShape(target))
        : this.transpose(x.value, perm);
    const result = { ...target, value };
    this.converted.set(key, result);
    this.converted.set(`${x.layout}:${value}`, x);
    return result;
  }

  /**
   * Reshape of a value known to have the held shape `from`. A batch at axis 0 of both is copied; besides it one dimension of `to` may be
   * open. Chains of reshapes become one.
   */
  reshaped(value: ValueName, from: KerasShape, to: KerasShape): ValueName {
    const open = to.slice(1).filter((dim) => dim === null).length;
    const target = to.map((dim, axis) => (axis === 0 && dim === null ? (open > 0 ? 0 : -1) : (dim ?? -1)));
    let source = value;
    let held = from;
    const maker = this.maker(value);
    const origin = maker?.op === 'Reshape' && target[0] === -1 ? this.shapes.get(maker.inputs[0]!) : undefined;
    if (origin) {
      source = maker!.inputs[0]!;
      held = origin;
    }
    if (held.length === to.length && held.every((dim, axis) => dim === to[axis]) && open === 0) return source;
    this.shapes.set(source, held);
    return this.reshape(source, target);
  }

  override build(): Graph {
    const graph = super.build();
    if (this.finalNames.size === 0) return graph;
    const final = (name: string) => this.finalNames.get(name) ?? name;
    const nodes = graph.nodes.map((node: Node) =>
      node.with({
        name: final(node.name),
        inputs: node.inputs.map(final),
        outputs: node.outputs.map(final),
      }),
    );
    const outputs = graph.outputs.map((value) => value.withName(final(value.name)));
    return graph.with({ nodes, outputs });
  }
}

/** The same value with the mask of another, or none. */
function withMaskOf({ mask }: LayerValue, { mask: _, ...value }: LayerValue): LayerValue {
  return mask === undefined ? value : { ...value, mask };
}
