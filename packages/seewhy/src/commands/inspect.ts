import { stat } from 'node:fs/promises';
import { describePreprocess, type Layer, METHODS, type MethodSupport } from '@seewhy/core';
import { isFloat } from '@seewhy/onnx';
import { EXIT } from '../errors.ts';
import type { KerasFacts } from '../keras-file.ts';
import { type OpenedModel, openModel } from '../open-model.ts';
import { loadOptions, type ModelOptions } from '../options.ts';
import { preprocessFacts } from '../preprocess-facts.ts';
import { count, out, print, table, wrap } from '../talk.ts';

interface InspectOptions extends ModelOptions {
  all?: true;
  json?: true;
}

/** `seewhy inspect MODEL` */
export async function inspect(path: string, options: InspectOptions): Promise<number> {
  const opened = await openModel(path, { ...loadOptions(options), batch: 'free' });
  const { size } = await stat(path);
  if (options.json) print(JSON.stringify(asJson(opened, size), null, 2));
  else print(page(opened, size, options.all === true));
  return EXIT.ok;
}

const dims = (shape: readonly (number | string | null)[] | undefined) =>
  shape ? `[${shape.map((dim) => (typeof dim === 'string' ? shortened(dim) : (dim ?? '?'))).join(', ')}]` : '[?]';

const LONGEST_NAME = 20;

/** Exporters name a free dimension after the formula that makes it, of hundreds of characters: its beginning and its end. (--json has all of it.) */
function shortened(name: string): string {
  if (name.length <= LONGEST_NAME) return name;
  const half = Math.floor((LONGEST_NAME - 1) / 2);
  return `${name.slice(0, LONGEST_NAME - 1 - half)}…${name.slice(-half)}`;
}

function bytes(size: number): string {
  if (size < 1e6) return `${(size / 1e3).toFixed(1)} kB`;
  return size < 1e9 ? `${(size / 1e6).toFixed(1)} MB` : `${(size / 1e9).toFixed(2)} GB`;
}

/** Numbers of weights: 4.65 M */
function big(n: number): string {
  if (n < 1e4) return String(n);
  return n < 1e6 ? `${(n / 1e3).toFixed(1)} k` : `${(n / 1e6).toFixed(2)} M`;
}

function parameters({ source }: OpenedModel): number {
  let sum = 0;
  for (const tensor of source.initializers.values()) sum += tensor.size;
  // Some exporters (Paddle's) keep weights in Constant nodes; single numbers there, and whole ones, belong to the arithmetic.
  for (const node of source.nodes) {
    const tensor = node.type === 'Constant' ? node.attribute.tensor('value') : undefined;
    if (tensor && tensor.size > 1 && isFloat(tensor.type)) sum += tensor.size;
  }
  return sum;
}

/** Ops that only move values or pad them: what they make is no layer of its own. */
const MOVES =
  /^(Pad|Transpose|Reshape|Identity|Cast|Slice|QuantizeLinear|DequantizeLinear|Flatten|Squeeze|Unsqueeze|Expand)$/;
const MOST_SHOWN = 16;

/**
 * Layers worth explaining: the last one of each resolution, the outputs of the last blocks (values that several nodes read, sums of
 * residuals), and the default.
 */
export function worthExplaining({ model }: OpenedModel): Layer[] {
  const { layers, graph, defaultLayer } = model;
  const made = layers.filter((layer) => !MOVES.test(layer.op));
  const ends = new Map<string, Layer>();
  for (const layer of made) ends.set(`${layer.grid.height}x${layer.grid.width}`, layer);
  const chosen = new Set([...ends.values()].slice(-MOST_SHOWN / 2));
  const blocks = made.filter((layer) => layer.op === 'Add' || (graph.consumers.get(layer.value)?.length ?? 0) > 1);
  for (const layer of blocks.reverse()) if (chosen.size < MOST_SHOWN && chosen.size - ends.size < 6) chosen.add(layer);
  if (defaultLayer) chosen.add(defaultLayer);
  return layers.filter((layer) => chosen.has(layer));
}

function asJson(opened: OpenedModel, size: number) {
  const { model, source } = opened;
  return {
    schema: 'seewhy/inspect/v1',
    model: {
      path: opened.path,
      bytes: size,
      opset: source.opset,
      irVersion: source.irVersion,
      producer: producer(opened) ?? null,
      parameters: parameters(opened),
      nodes: source.nodes.length,
    },
    runtime: opened.runtime.runtime.name,
    inputs: source.feeds.map((value) => ({
      name: value.name,
      type: value.type ?? null,
      shape: value.shape ?? null,
      role: inputRole(opened, value.name),
    })),
    outputs: source.outputs.map((value) => ({
      name: value.name,
      type: value.type ?? null,
      shape: value.shape ?? null,
      role: value.name === model.output.name ? 'classes' : 'other',
    })),
    image: {
      name: model.image.name,
      layout: model.image.layout,
      channels: model.image.channels,
      height: model.image.height,
      width: model.image.width,
      type: model.image.type,
      batch: model.batch,
      sizeIsFree: model.image.sizeIsFree,
    },
    classes: {
      output: model.output.name,
      count: model.output.classes,
      activation: model.output.activation ?? null,
      binary: model.output.binary,
      labels: model.labels ?? null,
      labelsFrom: opened.labelsFrom ?? null,
    },
    preprocess: { ...opened.preprocess, ...preprocessFacts(opened) },
    layers: model.layers.map((layer) => ({
      name: layer.name,
      value: layer.value,
      op: layer.op,
      shape: layer.shape,
      layout: layer.grid.layout,
      stride: layer.stride,
      default: layer === model.defaultLayer,
    })),
    defaultLayer: model.defaultLayer ? { name: model.defaultLayer.name, reason: model.defaultLayerReason } : null,
    methods: model
      .methods()
      .map(({ method, supported, reason }) => ({ name: method.name, supported, reason: reason ?? null })),
    keras: opened.keras
      ? {
          format: opened.keras.format,
          name: opened.keras.name,
          version: opened.keras.kerasVersion ?? null,
          layers: opened.keras.layers.map(({ name, className, shape, value }) => ({ name, className, shape, value })),
        }
      : null,
    notices: opened.notices,
  };
}

/** What an input of the file is for; `unused` ones are left out of what is run. */
function inputRole({ model }: OpenedModel, name: string): 'image' | 'other' | 'unused' {
  if (name === model.image.name) return 'image';
  return model.graph.feeds.some((value) => value.name === name) ? 'other' : 'unused';
}

const producer = ({ source }: OpenedModel): string | undefined => {
  const { producerName, producerVersion } = source.origin?.model ?? {};
  return producerName ? `${producerName} ${producerVersion ?? ''}`.trim() : undefined;
};

const heading = (text: string) => `\n${out.bold(text)}`;

function page(opened: OpenedModel, size: number, all: boolean): string {
  const { model, source } = opened;
  const { image, output } = model;
  const lines: string[] = [];
  const facts = [
    `opset ${source.opset}`,
    producer(opened),
    `${count(source.nodes.length, 'node')}`,
    `${big(parameters(opened))} weights`,
    bytes(size),
  ];
  lines.push(`${out.bold(opened.path)}  ${out.dim(facts.filter(Boolean).join(' · '))}`);

  lines.push(heading('Inputs'));
  lines.push(
    table(
      source.feeds.map((value) => [
        value.name,
        value.type ?? '?',
        dims(value.shape),
        {
          image: `the picture: ${image.layout}, ${image.height} × ${image.width}, ${count(image.channels, 'channel')}, ${model.batch === 'free' ? 'any batch' : 'one a run'}`,
          other: 'a value from --input',
          unused: out.dim('dropped: no node uses it'),
        }[inputRole(opened, value.name)],
      ]),
      2,
      '  ',
    ),
  );
  lines.push(heading('Outputs'));
  lines.push(
    table(
      source.outputs.map((value) => [
        value.name,
        value.type ?? '?',
        dims(value.shape),
        value.name === output.name ? classesLine(opened) : out.dim('not explained (--output NAME chooses another)'),
      ]),
      2,
      '  ',
    ),
  );
  lines.push(heading('Preprocessing'));
  lines.push(`  ${describePreprocess(opened.preprocess)}`);
  lines.push(
    `  ${out.dim(`${opened.preprocessFrom}${opened.preprocessGuessed ? ' (--preprocess PRESET or FILE to say otherwise)' : ''}`)}`,
  );

  if (opened.keras) lines.push(...kerasView(opened.keras, all));

  const shown = all ? model.layers : worthExplaining(opened);
  lines.push(heading(all ? 'Layers' : 'Layers worth explaining'));
  if (shown.length === 0) lines.push('  none: no value with spatial extent lies between picture and classes');
  else {
    const rows = shown.map((layer) => {
      const star = layer === model.defaultLayer;
      const [channels, height, width] = layer.shape;
      return [
        star ? out.yellow('★') : ' ',
        star ? out.bold(layer.name) : layer.name,
        out.dim(layer.op),
        `${channels} × ${height} × ${width}`,
        out.dim(`1/${layer.stride} of the picture's size`),
      ];
    });
    lines.push(table(rows, 2, '  '));
    const others = model.layers.length - shown.length;
    lines.push(out.dim(`  ★ default: ${model.defaultLayerReason}${others > 0 ? `; ${others} more with --all` : ''}`));
  }

  lines.push(heading('Methods'));
  lines.push(
    table(
      withoutRepeats(model.methods()).map(({ method, supported, reason }) => [
        supported ? out.green('✓') : out.red('✗'),
        method.name,
        supported ? out.dim(method.cost) : wrapAfter(reason ?? '', NAME_END),
      ]),
      2,
      '  ',
    ),
  );
  if (opened.notices.length > 0) {
    lines.push(heading('Notes'));
    for (const notice of opened.notices) lines.push(wrap(notice, 110, '  '));
  }
  lines.push('');
  lines.push(out.dim(`Next: seewhy explain ${opened.path} PICTURE`));
  return lines.join('\n');
}

/** Layers shown of a Keras model unless all are asked for: its first and last ones. */
const FIRST = 4;
const LAST = 8;

/** The model as Keras tells it: layer, class, shape. */
function kerasView({ name, format, kerasVersion, layers }: KerasFacts, all: boolean): string[] {
  const row = (layer: KerasFacts['layers'][number]) => [
    layer.name,
    out.dim(layer.className),
    out.dim(`(${layer.shape.map((dim) => dim ?? 'None').join(', ')})`),
  ];
  const whole = all || layers.length <= FIRST + LAST + 1;
  const rows = whole
    ? layers.map(row)
    : [
        ...layers.slice(0, FIRST).map(row),
        [out.dim(`… ${layers.length - FIRST - LAST} more with --all`), '', ''],
        ...layers.slice(-LAST).map(row),
      ];
  const from = [format, kerasVersion ? `Keras ${kerasVersion}` : ''].filter(Boolean).join(', ');
  return [
    heading(`Keras model '${name}'  ${out.dim(`${from}, ${count(layers.length, 'layer')}`)}`),
    table(rows, 2, '  '),
  ];
}

/** What keeps many methods from working is said once. */
function withoutRepeats(methods: readonly MethodSupport[]): readonly MethodSupport[] {
  const first = new Map<string, string>();
  return methods.map((support) => {
    const { method, supported, reason } = support;
    if (supported || reason === undefined) return support;
    const before = first.get(reason);
    if (before === undefined) first.set(reason, method.name);
    return before === undefined ? support : { ...support, reason: `as ${before}` };
  });
}

/** Where the third column of the methods begins. */
const NAME_END = 7 + Math.max(...METHODS.map(({ name }) => name.length));

const wrapAfter = (text: string, column: number) =>
  wrap(text, 100)
    .split('\n')
    .join(`\n${' '.repeat(column)}`);

function classesLine({ model, labelsFrom }: OpenedModel): string {
  const { output, labels } = model;
  if (output.boxes !== undefined)
    return `${output.boxes} boxes of ${output.classes} numbers, as detectors list them; explain one: --target '${output.name}[…,…]'`;
  const end = output.activation ? `ends in ${output.activation}; explained: the value before it` : 'ends in logits';
  const named = labels ? `labels from ${labelsFrom}` : 'no labels (--labels FILE)';
  const where = output.positions > 1 ? `, mean over ${output.positions} positions` : '';
  const what = output.binary
    ? 'one score, two sides'
    : `${count(output.classes, 'class').replace(/classs$/, 'classes')}${where}`;
  return `${what}; ${end}; ${named}`;
}
