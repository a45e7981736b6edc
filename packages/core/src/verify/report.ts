import type { Graph } from '@seewhy/onnx';
import type { ScoreKind, Target } from '../target.ts';

/** What `verify` checks, and how thoroughly. */
export interface VerifyOptions {
  readonly target?: Target;
  readonly score?: ScoreKind;
  /** Directions checked at the image and as many at the layer; default 6. */
  readonly directions?: number;
  /** Largest relative error; default 0.02. */
  readonly tolerance?: number;
  /** Of the directions; default 0. */
  readonly seed?: number;
  /** The graph as it was read, before anything was done to it: its outputs are compared with those of the explained model. */
  readonly original?: Graph;
  readonly signal?: AbortSignal;
  /** Called after each direction with how many are done and how many there are. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** One step of a finite difference. */
export interface VerifyStep {
  /** Length of the step, in standard deviations of what is moved, a pixel (root mean square). */
  readonly step: number;
  /** (f(x + hv) − f(x − hv)) / 2h */
  readonly numeric: number;
  /** |analytic − numeric|, relative. */
  readonly error: number;
}

/** The derivative along one direction, twice: by the explained graph and by moving the input. */
export interface VerifyDirection {
  /** `gradient`, `part of the gradient` (a random half of its places), or `random`. */
  readonly kind: 'gradient' | 'part of the gradient' | 'random';
  /** Σ gradient · direction. */
  readonly analytic: number;
  /** The central difference at the chosen step. */
  readonly numeric: number;
  /** |analytic − numeric|, relative to the larger of both, or to what a random direction is expected to give where both are smaller. */
  readonly error: number;
  /** Uncertainty of the measured slope, relative: twice the scatter of repeated steps, at least what rounding makes. */
  readonly resolution: number;
  readonly step: number;
  /** Every step tried, the largest first. Chosen is the longest that agrees with all shorter ones within their uncertainty. */
  readonly steps: readonly VerifyStep[];
  /** `kinked`: the score bends or rounds at every step, so that this direction says nothing. */
  readonly verdict: 'agrees' | 'differs' | 'kinked';
}

/** The directions at one place of the model. */
export interface VerifyPlace {
  /** The image input, or a layer. */
  readonly place: 'image' | 'layer';
  readonly name: string;
  readonly gradientNorm: number;
  readonly directions: readonly VerifyDirection[];
  readonly largestError: number;
  readonly passed: boolean;
  readonly conclusive: boolean;
}

/** What `verify` measured, and the verdict. */
export interface VerifyReport {
  readonly passed: boolean;
  /** `undecided`: too few directions could be measured on this input. */
  readonly verdict: 'correct' | 'wrong' | 'undecided';
  readonly target: {
    readonly index: number;
    readonly label: string;
    /** The whole target for people. */
    readonly text: string;
    readonly score: ScoreKind | 'value';
    readonly value: number;
  };
  readonly tolerance: number;
  readonly places: readonly VerifyPlace[];
  /** Outputs of the explained model against those of the model as it is in the file. */
  readonly prediction: { readonly largestDifference: number; readonly relative: number; readonly passed: boolean };
  /** Σ gradient × activation at the layer against f(A) − f(0): holds exactly where the head behind it is linear. */
  readonly completeness:
    | {
        readonly applies: true;
        readonly layer: string;
        readonly sum: number;
        readonly difference: number;
        readonly error: number;
        readonly passed: boolean;
      }
    | { readonly applies: false; readonly reason: string };
  readonly notes: readonly string[];
}
