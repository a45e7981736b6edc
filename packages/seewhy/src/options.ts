import type { Target } from '@seewhy/core';
import { errors } from './errors.ts';
import { givenLayers } from './given-layers.ts';
import type { OpenedModel } from './open-model.ts';
import { SAVE_KINDS, type SaveKind } from './output-files.ts';
import type { PixelWindow } from './picture/window.ts';
import { plainTargets } from './targets.ts';

/** `a,b,c` as a list without empty parts. */
export const list = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** `--method a,b`: names, separated by commas; a repeated option adds to them. */
export function names(flag: string): (text: string, before: string[] | undefined) => string[] {
  return (text, before) => {
    const found = list(text);
    if (found.length === 0) throw errors.option(flag, text, 'names, separated by commas');
    return [...(before ?? []), ...found];
  };
}

export const each = (text: string, before: string[] | undefined): string[] => [...(before ?? []), text];

/** A whole number of at least `least`. */
export function whole(flag: string, least: number, most = 2 ** 31 - 1): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text.trim()) || value < least || value > most)
      throw errors.option(
        flag,
        text,
        most < 2 ** 31 - 1 ? `a whole number from ${least} to ${most}` : `a whole number of at least ${least}`,
      );
    return value;
  };
}

/** A number between two bounds. */
export function fraction(flag: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = text.trim().endsWith('%') ? Number(text.trim().slice(0, -1)) / 100 : Number(text);
    if (text.trim() === '' || !(value >= least && value <= most))
      throw errors.option(flag, text, `a number from ${least} to ${most}`);
    return value;
  };
}

/** One of a few words. */
export function oneOf<T extends string>(flag: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    const wanted = text.trim().toLowerCase();
    const found = choices.find((choice) => choice.toLowerCase() === wanted);
    if (found === undefined) throw errors.option(flag, text, `one of ${choices.join(', ')}`, choices);
    return found;
  };
}

/** `--save overlay,json`: kinds of file, or `all`. */
export function saveKinds(text: string, before: readonly SaveKind[] | undefined): SaveKind[] {
  const parts = list(text);
  const kinds = parts.includes('all') ? [...SAVE_KINDS] : parts.map((part) => oneOf('--save', SAVE_KINDS)(part));
  if (kinds.length === 0) throw errors.option('--save', text, `any of ${SAVE_KINDS.join(', ')}, or all`);
  return [...new Set([...(before ?? []), ...kinds])];
}

/** `--levels 100,3000`: values that become black and white; or a word. */
export function pixelWindow(text: string): PixelWindow {
  const word = text.trim().toLowerCase();
  if (word === 'auto' || word === 'full' || word === 'range') return word;
  const parts = text.split(/[,:]/).map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const [low, high] = parts;
  if (parts.length !== 2 || !Number.isFinite(low) || !Number.isFinite(high) || low! >= high!)
    throw errors.option(
      '--levels',
      text,
      'auto, full, range, or the values that become black and white, such as 0,4095',
      ['auto', 'full', 'range'],
    );
  return [low!, high!];
}

/** `--size 224x320` (height x width) or `224` (both). */
export function size(text: string): [number, number] {
  const found = /^(\d{1,5})(?:\s*[x×,]\s*(\d{1,5}))?$/i.exec(text.trim());
  const height = Number(found?.[1]);
  const width = Number(found?.[2] ?? found?.[1]);
  if (!found || height < 1 || width < 1) throw errors.option('--size', text, 'HEIGHTxWIDTH in pixels, such as 224x224');
  return [height, width];
}

/** `--input name=file.npy` */
export function namedInput(text: string, before: Record<string, string> | undefined): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw errors.option('--input', text, 'NAME=FILE.npy');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

export const SCORES = ['logit', 'probability', 'log-odds'] as const;
export const SMOOTHINGS = ['mean', 'square', 'variance'] as const;
export const WEIGHTS = ['trained', 'random'] as const;
export const FUSIONS = ['max', 'mean', 'product'] as const;

/** Options of every verb that opens a model. */
export interface ModelOptions {
  labels?: string;
  preprocess?: string;
  input?: Record<string, string>;
  inputName?: string;
  output?: string;
  size?: [number, number];
  device?: string;
  threads?: number;
  quiet?: boolean;
}

/** Options of every verb that explains. */
export interface ExplainOptions extends ModelOptions {
  method?: string[];
  target?: string[];
  layer?: string[];
  score?: (typeof SCORES)[number];
  fusion?: (typeof FUSIONS)[number];
  preset?: string;
}

/** The options of a verb as `openModel` takes them. */
export function loadOptions(options: ModelOptions) {
  return {
    labels: options.labels,
    preprocess: options.preprocess,
    inputs: options.input,
    input: options.inputName,
    output: options.output,
    size: options.size,
    device: options.device,
    threads: options.threads,
  };
}

/** The options of a verb as the core's `resolveOptions` takes them. Targets are read against the model, each flag for itself. */
export function explainOptions(
  options: ExplainOptions,
  opened: Pick<OpenedModel, 'model' | 'keras'>,
  targets: readonly Target[] = plainTargets(options.target ?? ['top'], opened.model),
) {
  return {
    methods: options.method ?? ['gradcam'],
    targets,
    ...givenLayers(options.layer, opened),
    ...(options.score ? { score: options.score } : {}),
    ...(options.preset ? { preset: options.preset } : {}),
    ...(options.fusion ? { fusion: options.fusion } : {}),
  };
}
