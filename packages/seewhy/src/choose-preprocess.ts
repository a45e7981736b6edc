import { readFile } from 'node:fs/promises';
import { type Model, PREPROCESS_PRESETS, type Preprocess, parsePreprocess, preprocessPreset } from '@seewhy/core';
import { errors, systemCode } from './errors.ts';
import { guessPreprocess } from './guess-preprocess.ts';
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
 * from the model (`guessPreprocess`).
 */
export async function choosePreprocess(
  model: Model,
  asked: string | Preprocess | undefined,
  beside: Beside['preprocess'],
  keras?: Pick<KerasFacts, 'preprocessing'>,
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
  const { preset, why } = guessPreprocess(model, keras);
  return { preprocess: preprocessPreset(preset, input), from: why, guessed: true, notes: [] };
}
