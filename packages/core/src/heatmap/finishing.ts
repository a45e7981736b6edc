import type { MethodInfo } from '../methods/method.ts';
import { findPreset, type PostprocessName, type Stage } from './presets.ts';
import type { Fusion, Reducer } from './stages.ts';

/** What the finishing of a map was asked to be. */
export interface Finishing {
  readonly preset: PostprocessName;
  readonly fusion: Fusion;
  /** Default: the method's own. */
  readonly reduce?: Reducer | undefined;
}

/**
 * The stages that a method's raw maps go through, on the host and in a compiled graph alike. Presets of peers are of layers; maps of
 * pixels and signed ones are finished in our own way.
 * @param layers how many there are
 */
export function stagesOf(
  method: Pick<MethodInfo, 'output' | 'stages'>,
  { preset, fusion, reduce }: Finishing,
  layers: number,
): readonly Stage[] {
  const named = (name: PostprocessName) => findPreset(name).stages;
  if (method.stages.finish) return method.stages.finish;
  if (method.output === 'pixel') return named(isSigned(reducerOf(method, reduce)) ? 'signed' : 'pixels');
  if (method.stages.signed) return named('signed');
  if (preset !== 'seewhy') return named(preset);
  if (method.stages.rectify === 'none') return named('scaled');
  return layers > 1 ? fusedStages(fusion) : named('seewhy');
}

/** Several layers: each map divided by its maximum, resized, fused; then 0…1. */
export function fusedStages(fusion: Fusion): readonly Stage[] {
  return [
    { stage: 'rectify', how: 'relu' },
    { stage: 'normalise', by: 'max' },
    { stage: 'resize', how: 'bilinear' },
    { stage: 'fuse', how: fusion },
    { stage: 'normalise', by: 'minmax', epsilon: 0 },
  ];
}

/** How the colour channels of a pixel map become one. */
export const reducerOf = ({ stages }: Pick<MethodInfo, 'stages'>, asked: Reducer | undefined): Reducer =>
  asked ?? stages.reduce ?? 'sum';

/** Reductions whose result has two signs. */
const isSigned = (reduce: Reducer) => reduce === 'sum' || reduce === 'mean';
