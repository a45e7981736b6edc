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
 * The stages that a method's raw maps go through, on the host and in a compiled graph alike. Presets of peers are of layers, some of
 * pixels too; where there is none, and for signed maps of layers, our own way.
 * @param layers how many there are
 */
export function stagesOf(
  method: Pick<MethodInfo, 'name' | 'output' | 'stages'>,
  finishing: Finishing,
  layers: number,
): readonly Stage[] {
  const { preset, fusion } = finishing;
  const named = (name: PostprocessName) => findPreset(name).stages;
  if (method.stages.finish) return method.stages.finish;
  if (method.output === 'pixel')
    return findPreset(preset).pixel?.stages ?? named(isSigned(reducerOf(method, finishing)) ? 'signed' : 'pixels');
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

/** How the colour channels of a pixel map become one: as asked, as the preset's peer does it, or the method's own way. */
export function reducerOf(
  { name, stages }: Pick<MethodInfo, 'name' | 'stages'>,
  { preset, reduce }: Pick<Finishing, 'preset' | 'reduce'>,
): Reducer {
  const { pixel } = findPreset(preset);
  return reduce ?? pixel?.reduceOf?.[name] ?? pixel?.reduce ?? stages.reduce ?? 'sum';
}

/** Reductions whose result has two signs. */
const isSigned = (reduce: Reducer) => reduce === 'sum' || reduce === 'mean';
