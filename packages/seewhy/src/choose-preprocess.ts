import { readFile } from 'node:fs/promises';
import { type Model, PREPROCESS_PRESETS, type Preprocess, parsePreprocess, preprocessPreset } from '@seewhy/core';
import type { Node } from '@seewhy/onnx';
import { errors, systemCode } from './errors.ts';
import type { KerasFacts } from './keras-file.ts';
import type { Beside } from './labels.ts';

export interface ChosenPreprocess {
  readonly preprocess: Preprocess;
  /** Where it came from, or why it was guessed. */
  readonly from: string;
  readonly guessed: boolean;
  readonly notes: readonly string[];
}

/**
 * Decides how pictures become the model's input: as asked for, else by the `preprocessor_config.json` beside the model, else guessed
 * from the graph.
 */
export async function choosePreprocess(
  model: Model,
  asked: string | Preprocess | undefined,
  beside: Beside['preprocess'],
  keras?: KerasFacts['preprocessing'],
): Promise<ChosenPreprocess> {
  const { image } = model;
  const input = {
    width: image.width,
    height: image.height,
    channels: image.channels,
    layout: image.layout,
    dtype: image.type === 'float16' || image.type === 'uint8' ? image.type : ('float32' as const),
  };
  if (asked !== undefined && typeof asked !== 'string')
    return { preprocess: asked, from: 'the caller', guessed: false, notes: [] };
  if (asked !== undefined && !/[\\/.]/.test(asked)) {
    return { preprocess: preprocessPreset(asked, input), from: '--preprocess', guessed: false, notes: [] };
  }
  if (asked !== undefined) {
    let text: string;
    try {
      text = await readFile(asked, 'utf8');
    } catch (cause) {
      const code = systemCode(cause);
      const presets = Object.keys(PREPROCESS_PRESETS).join(', ');
      throw errors.file(
        asked,
        code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`,
        `--preprocess takes a file with the keys of preprocessor_config.json, or a preset: ${presets}.`,
        cause,
      );
    }
    const { preprocess, notes } = parsePreprocess(text, input, asked);
    return { preprocess, from: asked, guessed: false, notes };
  }
  if (beside) {
    const { preprocess, notes } = parsePreprocess(beside.config, input, beside.from);
    return { preprocess, from: beside.from, guessed: false, notes };
  }
  if (keras) {
    // What keras.applications does before its model of that name.
    const preset = keras.mode === 'none' ? 'keras-none' : `keras-${keras.mode}`;
    return { preprocess: preprocessPreset(preset, input), from: `guessed: ${keras.reason}`, guessed: true, notes: [] };
  }
  const { preset, why } = guess(model);
  return { preprocess: preprocessPreset(preset, input), from: why, guessed: true, notes: [] };
}

/** What the graph tells about the values it expects. */
function guess(model: Model): { preset: keyof typeof PREPROCESS_PRESETS; why: string } {
  const { image } = model;
  if (image.type === 'uint8' || image.type === 'int32' || image.type === 'int8' || image.type === 'uint16')
    return { preset: 'none', why: 'guessed: the input holds whole numbers, so bytes go in as they are' };
  if (scalesItself(model))
    return { preset: 'none', why: 'guessed: the graph begins by scaling its input, so bytes go in as they are' };
  if (image.channels === 1) return { preset: 'unit', why: 'guessed: one channel, 0 to 1' };
  return { preset: 'imagenet', why: 'guessed: the usual one; nothing in the file says' };
}

/** Whether the first thing done to the image is to divide it by (about) 255 or to subtract (about) half a byte. */
function scalesItself(model: Model): boolean {
  const { graph, image } = model;
  let value = image.name;
  for (let hops = 0; hops < 4; hops++) {
    const readers: readonly Node[] = graph.consumers.get(value) ?? [];
    const node = readers[0];
    if (readers.length !== 1 || !node) return false;
    if (['Cast', 'Transpose', 'Identity'].includes(node.op)) {
      value = node.outputs[0]!;
      continue;
    }
    if (!['Mul', 'Div', 'Sub', 'Add'].includes(node.op)) return false;
    const other = node.inputs.find((name) => name !== value) ?? '';
    const constant = graph.initializers.get(other);
    if (!constant || constant.dims.reduce((product, dim) => product * dim, 1) > 4) return false;
    const values = constant.numbers();
    const size = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    if (node.op === 'Mul') return size > 0 && size < 0.05;
    return size > 20;
  }
  return false;
}
