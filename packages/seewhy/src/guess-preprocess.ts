import type { Model, PREPROCESS_PRESETS } from '@seewhy/core';
import type { Graph, Node } from '@seewhy/onnx';
import { inputStatistics } from './input-statistics.ts';
import type { KerasFacts } from './keras-file.ts';

/** Values that a model expects, and why they are thought to be that. */
export interface Guess {
  readonly preset: keyof typeof PREPROCESS_PRESETS;
  readonly why: string;
}

/**
 * What a model tells about the values it expects, the surest first: whole numbers; arithmetic on the image before anything else; the
 * statistics of a first BatchNormalization; what keras.applications does before its model of that name; else what is usual for
 * classifiers, in doubt where the outputs are not a classifier's.
 */
export function guessPreprocess(model: Model, keras?: Pick<KerasFacts, 'preprocessing'>): Guess {
  const { image } = model;
  if (image.type === 'uint8' || image.type === 'int32' || image.type === 'int8' || image.type === 'uint16')
    return { preset: 'none', why: 'guessed: the input holds whole numbers, so bytes go in as they are' };
  const scaled = scaledRange(model);
  if (scaled === 'unit')
    return { preset: 'unit', why: 'guessed: the graph begins by moving 0 to 1 to a range around 0, so 0 to 1 goes in' };
  const seen = scaled ? undefined : inputStatistics(model);
  if (seen && isUnit(seen)) {
    const mean = seen.mean.map((value) => value.toFixed(2)).join(', ');
    const than = keras?.preprocessing?.architecture
      ? `, whatever ${keras.preprocessing.architecture} takes elsewhere`
      : '';
    return { preset: 'unit', why: `guessed: '${seen.node}' has seen pictures of 0 to 1 (mean ${mean})${than}` };
  }
  if (keras?.preprocessing) {
    const { mode, reason } = keras.preprocessing;
    return { preset: mode === 'none' ? 'keras-none' : `keras-${mode}`, why: `guessed: ${reason}` };
  }
  if (scaled === 'bytes')
    return { preset: 'none', why: 'guessed: the graph begins by scaling its input, so bytes go in as they are' };
  if (image.channels === 1) return { preset: 'unit', why: 'guessed: one channel, 0 to 1' };
  if (keras)
    return {
      preset: 'unit',
      why: 'guessed: 0 to 1, as most Keras and TensorFlow.js models take; nothing in the file says',
    };
  const other = noClassifier(model);
  if (other)
    return {
      preset: 'imagenet',
      why: `guessed: that of ImageNet's classifiers, and probably wrong: ${other}, and such models mostly take the whole picture, of 0 to 1 (--preprocess unit) or as its trainers say`,
    };
  return { preset: 'imagenet', why: 'guessed: the usual one; nothing in the file says' };
}

/** What tells that a model is no classifier of pictures; undefined of one that could be. */
function noClassifier({ output, shapes, graph }: Model): string | undefined {
  if (output.boxes !== undefined) return 'the model lists boxes';
  if (shapes.get(output.logits)?.length === 3 && output.positions > 1)
    return `'${output.name}' has classes at ${output.positions} positions`;
  const places = graph.outputs.find(({ name }) =>
    /(^|[^a-z])(b?box(es)?|landmarks?|keypoints?|anchors?)([^a-z]|$)/i.test(name),
  );
  return places && `the output '${places.name}' tells places`;
}

/** Means of pictures of 0 to 1: data sets of photographs lie about 0.45, dark ones lower; −1 to 1 and ImageNet's lie about 0. */
const UNIT_MEAN = [0.25, 0.75] as const;
/** Their deviation is about 0.27, that of −1 to 1 about 0.55, of ImageNet's normalisation about 1. */
const UNIT_DEVIATION = 0.45;

const isUnit = ({ mean, deviation }: { readonly mean: readonly number[]; readonly deviation: number }) =>
  deviation < UNIT_DEVIATION && mean.every((value) => value > UNIT_MEAN[0] && value < UNIT_MEAN[1]);

const ARITHMETIC = ['Mul', 'Div', 'Sub', 'Add'];
const PASSES = ['Cast', 'Transpose', 'Identity'];
const MOST_HOPS = 6;

/**
 * The range of a picture that the arithmetic at the graph's begin, y = a · x + b, is made for: what lies in the middle of the range comes
 * to about 0, or bytes come to about 1. Undefined without such arithmetic, and where it tells nothing.
 */
function scaledRange(model: Model): 'bytes' | 'unit' | undefined {
  const { graph, image } = model;
  let value = image.name;
  let factors = [1];
  let offsets = [0];
  for (let hops = 0; hops < MOST_HOPS; hops++) {
    const readers: readonly Node[] = graph.consumers.get(value) ?? [];
    const node = readers[0];
    if (readers.length !== 1 || !node) break;
    if (!PASSES.includes(node.op)) {
      if (!ARITHMETIC.includes(node.op) || node.inputs[0] === node.inputs[1]) break;
      const constant = smallConstant(graph, node.inputs.find((name) => name !== value) ?? '');
      // A constant divided by the picture is no scaling.
      if (!constant || (node.op === 'Div' && node.inputs[0] !== value)) break;
      const flipped = node.op === 'Sub' && node.inputs[0] !== value;
      const count = Math.max(factors.length, constant.length);
      const at = (list: readonly number[], i: number) => list[list.length === 1 ? 0 : i] ?? Number.NaN;
      const next = Array.from({ length: count }, (_, i): readonly [number, number] => {
        const [a, b, c] = [at(factors, i), at(offsets, i), at(constant, i)];
        if (node.op === 'Mul') return [a * c, b * c];
        if (node.op === 'Div') return [a / c, b / c];
        if (node.op === 'Add') return [a, b + c];
        return flipped ? [-a, c - b] : [a, b - c];
      });
      factors = next.map(([a]) => a);
      offsets = next.map(([, b]) => b);
    }
    value = node.outputs[0]!;
  }
  const zeros = factors.map((a, i) => -offsets[i]! / a);
  const sizes = factors.map(Math.abs);
  if (!sizes.every((size) => size > 0 && Number.isFinite(size))) return undefined;
  // 1/255 and smaller ones, or a middle of bytes taken away.
  if (sizes.every((size) => size < 0.05) || zeros.every((zero) => zero > 20)) return 'bytes';
  const centred = zeros.every((zero) => zero > 0.3 && zero < 0.7);
  return centred && sizes.every((size) => size >= 1.5) ? 'unit' : undefined;
}

/** A number, or one a channel. */
function smallConstant(graph: Graph, name: string): readonly number[] | undefined {
  const constant = graph.initializers.get(name);
  const size = constant?.dims.reduce((product, dim) => product * dim, 1) ?? 0;
  return size >= 1 && size <= 4 ? constant!.numbers() : undefined;
}
