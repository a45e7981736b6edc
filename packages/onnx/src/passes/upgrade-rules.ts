import { type AttributeInput, attributesFrom } from '../attribute.ts';
import { DATA_TYPES } from '../data-type.ts';
import { errors } from '../errors.ts';
import { Node } from '../node.ts';
import { Tensor } from '../tensor.ts';
import type { UpgradeContext } from './upgrade.ts';

/**
 * Rewrites one node of opset 7…12 as nodes of opset 13 with the same outputs. Ops that are not in the table have not changed in a
 * way that concerns a valid model (more types, negative axes, further optional attributes).
 * Source: docs/Changelog.md and onnx/version_converter/adapters of the onnx package.
 */
type UpgradeRule = (node: Node, context: UpgradeContext) => Node[];

export const UPGRADE_RULES: Readonly<Record<string, UpgradeRule>> = {
  // 9: `spatial` is gone; writers of opset 6 left `is_test` and `consumed_inputs` behind.
  BatchNormalization: (node, context) =>
    node.attribute.int('spatial', 1) === 0
      ? normalizeEachElement(node, context)
      : [without(node, 'spatial', 'is_test', 'consumed_inputs')],

  // 11: bounds became inputs of the type of x.
  Clip: (node, context) => {
    if (context.opset >= 11) return [node];
    const bound = (name: 'min' | 'max') => {
      const value = node.attribute.float(name);
      // The old default was the largest finite number; leaving the bound out differs for infinities only.
      if (value === undefined) return '';
      const type = context.type(node.inputs[0]!) ?? 'float32';
      return context.add(Tensor.floats([value], [], type), `${node.outputs[0]}/${name}`);
    };
    return [withInputs(node, [node.inputs[0]!, bound('min'), bound('max')], 'min', 'max', 'consumed_inputs')];
  },

  // 10: the mask became bool; 12: the ratio became an input.
  Dropout: (node, context) => {
    const [y, mask = ''] = node.outputs;
    const hasMask = mask !== '' && context.used(mask);
    const ratio = context.opset < 12 ? node.attribute.float('ratio', 0.5) : undefined;
    const inputs =
      ratio === undefined
        ? node.inputs
        : [node.inputs[0]!, context.add(Tensor.floats([ratio], []), `${node.outputs[0]}/ratio`)];
    const dropout = withInputs(node, inputs, 'ratio', 'is_test', 'consumed_inputs');
    if (!hasMask) return [dropout.with({ outputs: [y!] })];
    if (context.opset >= 12) return [dropout];
    // ONNX Runtime's mask of a Dropout that drops nothing is all false before opset 12 and all true from then on.
    const [kept, dropped] = [context.fresh(`${mask}/kept`), context.fresh(`${mask}/dropped`)];
    const type = context.opset >= 10 ? 'bool' : (context.type(node.inputs[0]!) ?? 'float32');
    return [
      dropout.with({ outputs: [y!, kept] }),
      Node.make('Not', [kept], [dropped], {}, { name: dropped }),
      Node.make('Cast', [dropped], [mask], { to: DATA_TYPES[type].code }),
    ];
  },

  // 11: pads and value became inputs.
  Pad: (node, context) => {
    if (context.opset >= 11) return [node];
    const pads = node.attribute.ints('pads') ?? node.attribute.ints('paddings');
    if (!pads) throw errors.cannotUpgrade(node.label, 'it has no `pads`');
    const inputs = [node.inputs[0]!, ints(context, node, 'pads', pads)];
    const value = node.attribute.float('value', 0);
    if (value !== 0) {
      const type = context.type(node.inputs[0]!) ?? 'float32';
      inputs.push(context.add(Tensor.floats([value], [], type), `${node.outputs[0]}/value`));
    }
    return [withInputs(node, inputs, 'pads', 'paddings', 'value')];
  },

  // 10: starts, ends and axes became inputs.
  Slice: (node, context) => {
    if (context.opset >= 10) return [node];
    const starts = node.attribute.ints('starts');
    const ends = node.attribute.ints('ends');
    if (!starts || !ends) throw errors.cannotUpgrade(node.label, 'it has no `starts` and `ends`');
    const axes = node.attribute.ints('axes') ?? starts.map((_, axis) => axis);
    const inputs = [
      node.inputs[0]!,
      ints(context, node, 'starts', starts, node.attributes.get('starts')?.ints),
      ints(context, node, 'ends', ends, node.attributes.get('ends')?.ints),
      ints(context, node, 'axes', axes),
    ];
    return [withInputs(node, inputs, 'starts', 'ends', 'axes')];
  },

  // 13: axes became an input.
  Squeeze: axesToInput,
  Unsqueeze: axesToInput,
  ReduceSum: axesToInput,

  // 13: sizes became an input.
  Split: (node, context) => {
    const sizes = node.attribute.ints('split');
    return [sizes ? withInputs(node, [node.inputs[0]!, ints(context, node, 'sizes', sizes)], 'split') : node];
  },

  // 10: k became an input.
  TopK: (node, context) => {
    if (context.opset >= 10) return [node];
    const k = node.attribute.int('k');
    if (k === undefined) throw errors.cannotUpgrade(node.label, 'it has no `k`');
    return [withInputs(node, [node.inputs[0]!, ints(context, node, 'k', [k])], 'k')];
  },

  // 13: the axis is one dimension; before, all dimensions from `axis` (default 1) on were taken together.
  Softmax: flattenedSoftmax,
  LogSoftmax: flattenedSoftmax,
  Hardmax: flattenedSoftmax,

  // 10: renamed to Resize.
  Upsample: (node, context) => {
    const legacy = node.attribute.floats('scales');
    const scales = node.inputs[1] || (legacy && context.add(Tensor.floats(legacy), `${node.outputs[0]}/scales`));
    if (!scales) throw errors.cannotUpgrade(node.label, 'it has no `scales`');
    return resize(without(node, 'scales'), scales, context);
  },

  // 11: where a pixel lies became a choice; before, it was `asymmetric`.
  Resize: (node, context) => {
    if (context.opset >= 11) return [node];
    return resize(node, node.inputs[1]!, context);
  },

  // 11: renamed.
  Scatter: (node) => [node.with({ op: 'ScatterElements' })],

  // 9: the batch axis is gone.
  Scan: (node, context) => {
    if (context.opset < 9) throw errors.cannotUpgrade(node.label, 'Scan had a batch axis before opset 9');
    return [node];
  },

  // Experimental ops that some exporters (Core ML, WinML) wrote until they were removed with opset 10.
  ImageScaler: (node, context) => {
    const x = node.inputs[0]!;
    const type = context.type(x) ?? 'float32';
    const bias = node.attribute.floats('bias') ?? [];
    const scale = context.add(Tensor.floats([node.attribute.float('scale', 1)], [], type), `${node.outputs[0]}/scale`);
    const shift = context.add(Tensor.floats(bias, [bias.length, 1, 1], type), `${node.outputs[0]}/bias`);
    const scaled = context.fresh(`${node.outputs[0]}/scaled`);
    return [
      Node.make('Mul', [x, scale], [scaled], {}, { name: scaled }),
      Node.make('Add', [scaled, shift], node.outputs, {}, { name: node.name }),
    ];
  },
  ...Object.fromEntries(
    [
      'ATen',
      'Affine',
      'Crop',
      'DynamicSlice',
      'GRUUnit',
      'GivenTensorFill',
      'ParametricSoftplus',
      'Scale',
      'ScaledTanh',
    ].map((op): [string, UpgradeRule] => [
      op,
      (node) => {
        throw errors.cannotUpgrade(node.label, `${op} was an experimental operator and was removed from ONNX`);
      },
    ]),
  ),
};

function without(node: Node, ...names: string[]): Node {
  if (!names.some((name) => node.attributes.has(name))) return node;
  const attributes = new Map(node.attributes);
  for (const name of names) attributes.delete(name);
  return node.with({ attributes });
}

/** Attributes `gone` moved to inputs; trailing inputs that are left out are cut. */
function withInputs(node: Node, inputs: readonly string[], ...gone: string[]): Node {
  const kept = [...inputs];
  while (kept.length > 0 && kept[kept.length - 1] === '') kept.pop();
  return without(node, ...gone).with({ inputs: kept });
}

function extended(node: Node, more: Readonly<Record<string, AttributeInput>>): Node {
  return node.with({ attributes: new Map([...node.attributes, ...attributesFrom(more)]) });
}

/** A constant list of int64; `exact` when the numbers may be beyond 2^53 (`ends` of INT64_MAX). */
function ints(
  context: UpgradeContext,
  node: Node,
  what: string,
  values: readonly number[],
  exact: readonly bigint[] = values.map(BigInt),
): string {
  return context.add(Tensor.int64(exact), `${node.outputs[0]}/${what}`);
}

function axesToInput(node: Node, context: UpgradeContext): Node[] {
  const axes = node.attribute.ints('axes');
  return [axes ? withInputs(node, [node.inputs[0]!, ints(context, node, 'axes', axes)], 'axes') : node];
}

/**
 * The old Softmax family: all dimensions from `axis` on are one. On the last axis that is the new one; elsewhere
 * `Reshape(Softmax(Flatten(x, axis)), Shape(x))` is, for any rank.
 */
function flattenedSoftmax(node: Node, context: UpgradeContext): Node[] {
  const [x] = node.inputs;
  const [y] = node.outputs;
  const axis = node.attribute.int('axis', 1);
  const rank = context.rank(x!);
  const last = axis === -1 || (rank !== undefined && (axis < 0 ? axis + rank : axis) === rank - 1);
  if (last) return [extended(node, { axis: -1 })];
  const [flat, soft, shape] = ['flat', 'soft', 'shape'].map((hint) => context.fresh(`${y}/${hint}`)) as [
    string,
    string,
    string,
  ];
  return [
    Node.make('Flatten', [x!], [flat], { axis }, { name: flat }),
    extended(node.with({ inputs: [flat], outputs: [soft] }), { axis: -1 }),
    Node.make('Shape', [x!], [shape], {}, { name: shape }),
    Node.make('Reshape', [soft, shape], [y!]),
  ];
}

/**
 * Upsample and Resize-10 put output pixel i at i / scale. Nearest took the pixel below when enlarging and, in ONNX Runtime, the one
 * above when shrinking (`upsamplebase.h`, ResizeNearestMode::SIMPLE): when one axis grows and another shrinks, two Resize nodes
 * follow each other, which is the same because nearest works on each axis alone.
 */
function resize(node: Node, scales: string, context: UpgradeContext): Node[] {
  const mode = node.attribute.string('mode', 'nearest').replace('bilinear', 'linear').replace('trilinear', 'linear');
  const asymmetric = { mode, coordinate_transformation_mode: 'asymmetric' };
  const resized = node.with({ op: 'Resize', inputs: [node.inputs[0]!, '', scales] });
  if (mode !== 'nearest') return [extended(resized, asymmetric)];
  const factors = context.constant(scales)?.numbers();
  const shrinks = factors?.some((factor) => factor < 1) ?? false;
  if (!shrinks) return [extended(resized, { ...asymmetric, nearest_mode: 'floor' })];
  const ceil = { ...asymmetric, nearest_mode: 'ceil' };
  if (factors!.every((factor) => factor <= 1)) return [extended(resized, ceil)];
  const part = (keep: (factor: number) => boolean, hint: string) =>
    context.add(Tensor.floats(factors!.map((factor) => (keep(factor) ? factor : 1))), `${node.outputs[0]}/${hint}`);
  const shrunk = context.fresh(`${node.outputs[0]}/shrunk`);
  return [
    Node.make('Resize', [node.inputs[0]!, '', part((factor) => factor < 1, 'down')], [shrunk], ceil, { name: shrunk }),
    extended(resized.with({ inputs: [shrunk, '', part((factor) => factor >= 1, 'up')] }), {
      ...asymmetric,
      nearest_mode: 'floor',
    }),
  ];
}

/** BatchNormalization with `spatial = 0` (opset 7 and 8): mean, variance, scale and bias have one entry an element, not a channel. */
function normalizeEachElement(node: Node, context: UpgradeContext): Node[] {
  const [x, scale, bias, mean, variance] = node.inputs as [string, string, string, string, string];
  const type = context.type(x) ?? 'float32';
  const value = (hint: string) => context.fresh(`${node.outputs[0]}/${hint}`);
  const epsilon = context.add(Tensor.floats([node.attribute.float('epsilon', 1e-5)], [], type), value('epsilon'));
  const [stable, deviation, centred, normal, scaled] = ['stable', 'deviation', 'centred', 'normal', 'scaled'].map(
    value,
  ) as [string, string, string, string, string];
  const make = (op: string, inputs: string[], output: string) => Node.make(op, inputs, [output], {}, { name: output });
  return [
    make('Add', [variance, epsilon], stable),
    make('Sqrt', [stable], deviation),
    make('Sub', [x, mean], centred),
    make('Div', [centred, deviation], normal),
    make('Mul', [normal, scale], scaled),
    Node.make('Add', [scaled, bias], [node.outputs[0]!], {}, { name: node.name }),
  ];
}
