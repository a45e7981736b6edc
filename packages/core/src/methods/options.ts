import { errors } from '../errors.ts';
import type { RunTensor } from '../runtime/runtime.ts';
import type { Segmentation } from '../segmentation/segmentation.ts';

/** A picture tensor to start from, several to average over, or how to make one from the picture. */
export type Baseline = 'zero' | 'mean' | 'blur' | RunTensor | readonly RunTensor[];

/** Everything that a method can be told; which method has which is in its table, with its default. */
export interface MethodOptions {
  /** Form of the method where the literature (or a peer) has several. */
  readonly variant: string;
  /** Steps on the path from the baseline to the picture. */
  readonly steps: number;
  /** Quadrature over the path. */
  readonly rule: (typeof RULES)[number];
  readonly baseline: Baseline;
  /** Random samples. */
  readonly samples: number;
  /** Standard deviation of the noise, as a share of the picture tensor's range (max − min); or the noise itself, `[samples, …]`. */
  readonly noise: number | RunTensor;
  /** Standard deviation of the noise in the units of the input tensor; instead of `noise` where it is not 0. */
  readonly noiseAbsolute: number;
  /** Where on the paths from the baselines samples lie: drawn, drawn one from each of as many equal parts, or given, `[samples, 2]`: place (0…1) and number of the baseline. */
  readonly positions: 'random' | 'stratified' | RunTensor;
  /** Sides of the occluding window in input pixels: one for both, or height and width; 0: a seventh of the shorter side. */
  readonly window: number | readonly [height: number, width: number];
  /** Distance between windows in input pixels: one for both, or down and across; 0: half the window. */
  readonly stride: number | readonly [down: number, across: number];
  /** What hidden pixels become: `zero` (of the input tensor), `mean` (of the picture, a channel), `blur`, `noise`, or a colour as the model takes it, one value a channel or one for all. */
  readonly fill: 'zero' | 'mean' | 'blur' | 'noise' | readonly number[];
  /** Random masks; or the masks themselves, `[masks, H, W]`, 1 where the picture stays. */
  readonly masks: number | RunTensor;
  /** Cells of a mask along each side. */
  readonly grid: number;
  /** Probability that a cell is kept. */
  readonly keep: number;
  /** Channels that are tried, those of largest spread first; 0: all. */
  readonly channels: number;
  /** How the picture is cut into regions, or the regions themselves. */
  readonly segmentation: 'slic' | 'quickshift' | 'grid' | Segmentation;
  /** Regions aimed at. */
  readonly segments: number;
  /** Coalitions of regions that are tried; or themselves, `[coalitions, regions]` of 0 and 1. */
  readonly coalitions: number | RunTensor;
  /** Orders in which regions are added; or themselves, `[permutations, regions]`. */
  readonly permutations: number | RunTensor;
  /** How far a sample is from the picture. */
  readonly distance: 'cosine' | 'euclidean' | 'picture-cosine' | 'picture-euclidean';
  /** Width of the locality kernel, in units of the distance. */
  readonly kernelWidth: number;
  /** Strength of the penalty of the fitted linear model. */
  readonly penalty: number;
  /** Weight of the classes that are spoken against. */
  readonly alpha: number;
  /** Standard deviations above the mean from which a value counts as active. */
  readonly deviations: number;
}

/** Name of a method's option. */
export type OptionName = keyof MethodOptions;

/** How an option is written, checked and described: the command's flags, the help and FEATURES.md come from here. */
export interface OptionInfo {
  readonly kind: 'whole' | 'number' | 'choice' | 'text' | 'baseline' | 'segmentation' | 'fill';
  readonly about: string;
  /** Unit of a number. */
  readonly unit?: string;
  readonly least?: number;
  readonly most?: number;
  /** Least and most are themselves not allowed. */
  readonly open?: boolean;
  readonly choices?: readonly string[];
  /** In the API a tensor may stand for it: the random numbers themselves. */
  readonly tensor?: true;
  /** In the API it may be two numbers: of height and width. */
  readonly pair?: true;
}

export const RULES = ['gauss-legendre', 'trapezoid', 'left', 'right', 'middle', 'mean'] as const;
const MANY = 1_000_000;

/** Every option a method can have: its kind, limits and unit, and what it means. */
export const METHOD_OPTIONS: Readonly<Record<OptionName, OptionInfo>> = {
  variant: { kind: 'text', about: 'form of the method where the literature or a peer has several' },
  steps: { kind: 'whole', least: 1, most: 100_000, about: 'steps on the path from the baseline to the picture' },
  rule: { kind: 'choice', choices: RULES, about: 'quadrature over the path' },
  baseline: {
    kind: 'baseline',
    choices: ['zero', 'mean', 'blur'],
    about: 'where the path begins: zero, mean, blur, or a picture file',
  },
  samples: { kind: 'whole', least: 1, most: MANY, about: 'random samples' },
  noise: {
    tensor: true,
    kind: 'number',
    least: 0,
    most: 100,
    unit: "parts of the input's range",
    about: 'standard deviation of the noise',
  },
  noiseAbsolute: {
    kind: 'number',
    least: 0,
    unit: 'units of the input tensor',
    about: 'standard deviation of the noise, instead of --noise',
  },
  positions: {
    tensor: true,
    kind: 'choice',
    choices: ['random', 'stratified'],
    about: 'places of the samples on the paths: anywhere, or one in each of as many equal parts',
  },
  window: {
    pair: true,
    kind: 'whole',
    least: 0,
    unit: 'input pixels',
    about: 'side of the occluding window (0: a seventh of the shorter side)',
  },
  stride: {
    pair: true,
    kind: 'whole',
    least: 0,
    unit: 'input pixels',
    about: 'distance between windows (0: half the window)',
  },
  fill: {
    kind: 'fill',
    choices: ['zero', 'mean', 'blur', 'noise'],
    about: 'what hidden pixels become: zero, mean, blur, noise, or a colour #rrggbb',
  },
  masks: { tensor: true, kind: 'whole', least: 1, most: MANY, about: 'random masks' },
  grid: { kind: 'whole', least: 1, most: 1024, about: 'cells of a mask along each side' },
  keep: { kind: 'number', least: 0, most: 1, open: true, about: 'probability that a cell is kept' },
  channels: { kind: 'whole', least: 0, about: 'channels tried, those of largest spread first (0: all)' },
  segmentation: {
    kind: 'segmentation',
    choices: ['slic', 'quickshift', 'grid'],
    about: 'how the picture is cut into regions',
  },
  segments: { kind: 'whole', least: 1, most: 100_000, about: 'regions aimed at' },
  coalitions: { tensor: true, kind: 'whole', least: 2, most: MANY, about: 'coalitions of regions that are tried' },
  permutations: { tensor: true, kind: 'whole', least: 1, most: MANY, about: 'orders in which regions are added' },
  distance: {
    kind: 'choice',
    choices: ['cosine', 'euclidean', 'picture-cosine', 'picture-euclidean'],
    about: 'how far a sample is from the picture: by the regions hidden, or by the pixels',
  },
  kernelWidth: {
    kind: 'number',
    least: 0,
    open: true,
    unit: 'units of the distance',
    about: 'width of the locality kernel',
  },
  penalty: { kind: 'number', least: 0, about: 'strength of the penalty of the fitted linear model' },
  alpha: { kind: 'number', least: 0, about: 'weight of the classes that are spoken against' },
  deviations: { kind: 'number', about: 'standard deviations above the mean from which a value counts as active' },
};

/** Names of all options, in the order of the help. */
export const OPTION_NAMES = Object.keys(METHOD_OPTIONS) as OptionName[];

/** `kernelWidth` → `--kernel-width`. */
export const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Checks the value of an option. @throws OPTION_INVALID */
export function checkOption(name: OptionName, value: unknown): void {
  const info = METHOD_OPTIONS[name];
  if (info.tensor && typeof value === 'object' && value !== null && 'dims' in value) return;
  if (info.pair && Array.isArray(value) && value.length === 2) {
    for (const side of value) checkOption(name, side);
    return;
  }
  const fail = (expected: string) => errors.optionInvalid(flagOf(name), value, expected, info.choices);
  if (info.kind === 'whole' || info.kind === 'number') {
    const { least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY } = info;
    const whole = info.kind === 'whole';
    const inside =
      typeof value === 'number' &&
      Number.isFinite(value) &&
      (info.open ? value > least && value < most : value >= least && value <= most);
    if (!inside || (whole && !Number.isInteger(value))) throw fail(range(info));
  } else if (info.kind === 'text') {
    if (typeof value !== 'string' || value === '') throw fail('text');
  } else if (info.kind === 'fill' && Array.isArray(value)) {
    if (value.length === 0 || !value.every(Number.isFinite)) throw fail('finite numbers, one a channel or one for all');
  } else if (info.kind === 'fill' && (typeof value !== 'string' || !info.choices!.includes(value))) {
    throw fail(`one of ${info.choices!.join(', ')}, or a colour (API: its values in the model's units)`);
  } else if (
    typeof value === 'string'
      ? !info.choices!.includes(value)
      : info.kind === 'choice' || value === null || typeof value !== 'object'
  ) {
    throw fail(`one of ${info.choices!.join(', ')}`);
  }
}

/** `a whole number of at least 1`, for messages and help. */
export function range({ kind, least, most, open, unit }: OptionInfo): string {
  const noun = kind === 'whole' ? 'a whole number' : 'a number';
  const bounds =
    least !== undefined && most !== undefined
      ? open
        ? ` between ${least} and ${most}`
        : ` from ${least} to ${most}`
      : least !== undefined
        ? open
          ? ` above ${least}`
          : ` of at least ${least}`
        : '';
  return `${noun}${bounds}${unit ? ` (${unit})` : ''}`;
}
