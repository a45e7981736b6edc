import { DATA_TYPES, type DataType, type GraphBuilder, type ValueName } from '@seewhy/onnx';

/**
 * The form in which masks and choices are written; the fastest differs by runtime (measured: bench/, onnx-notes 2.0).
 * `native`: ONNX Runtime on CPU or GPU and every exported file. `wasm`: onnxruntime-web on the CPU. `webgpu`: only kernels that the
 * WebGPU provider has.
 */
export type ProfileName = 'native' | 'wasm' | 'webgpu';

export interface Profile {
  readonly name: ProfileName;
  /** A float 0/1 mask: 1 where x > threshold. */
  above(b: GraphBuilder, x: ValueName, threshold: number, type: DataType): ValueName;
  /** A float 0/1 mask: 1 where x < threshold. */
  below(b: GraphBuilder, x: ValueName, threshold: number, type: DataType): ValueName;
  /** g where y > 0, else 0; `nonNegative` says that y ≥ 0 by construction. */
  maskPositive(b: GraphBuilder, g: ValueName, y: ValueName, type: DataType, nonNegative: boolean): ValueName;
  /** ScatterElements / ScatterND with reduction `add` have a kernel. */
  readonly scatterAdd: boolean;
  /** Max, Min, And, Or, Sum, OneHot, Trilu have a kernel. */
  readonly fullOps: boolean;
}

const castMask = (b: GraphBuilder, condition: ValueName, type: DataType) => b.cast(condition, DATA_TYPES[type].code);

/** Steepness of a HardSigmoid used as a step: every normal float32 above the threshold gives 1. */
const STEEP = 3e38;
/** With a threshold the product steepness · threshold must stay finite. */
const STEEP_AT = 1e37;

/** HardSigmoid holds its slope in float32, and float16 cannot hold it: a comparison is exact there. */
const canStep = (type: DataType) => type === 'float32';

const native: Profile = {
  name: 'native',
  above: (b, x, threshold, type) => {
    if (!canStep(type) || Math.abs(threshold) > 10) return castMask(b, b.greater(x, b.scalar(threshold, type)), type);
    return threshold === 0 ? b.hardSigmoid(x, STEEP, 0) : b.hardSigmoid(x, STEEP_AT, -STEEP_AT * threshold);
  },
  below: (b, x, threshold, type) => {
    if (!canStep(type) || Math.abs(threshold) > 10)
      return castMask(b, b.op('Less', [x, b.scalar(threshold, type)]), type);
    return threshold === 0 ? b.hardSigmoid(x, -STEEP, 0) : b.hardSigmoid(x, -STEEP_AT, STEEP_AT * threshold);
  },
  maskPositive: (b, g, y, type) => b.mul(g, native.above(b, y, 0, type)),
  scatterAdd: true,
  fullOps: true,
};

const compare: Pick<Profile, 'above' | 'below'> = {
  above: (b, x, threshold, type) => castMask(b, b.greater(x, b.scalar(threshold, type)), type),
  below: (b, x, threshold, type) => castMask(b, b.op('Less', [x, b.scalar(threshold, type)]), type),
};

const wasm: Profile = {
  name: 'wasm',
  ...compare,
  maskPositive: (b, g, y, type, nonNegative) =>
    nonNegative ? b.mul(g, b.op('Sign', [y])) : b.where(b.greater(y, b.scalar(0, type)), g, b.scalar(0, type)),
  scatterAdd: true,
  fullOps: true,
};

const webgpu: Profile = {
  name: 'webgpu',
  ...compare,
  maskPositive: (b, g, y, type) => b.where(b.greater(y, b.scalar(0, type)), g, b.scalar(0, type)),
  scatterAdd: false,
  fullOps: false,
};

export const PROFILES: Readonly<Record<ProfileName, Profile>> = { native, wasm, webgpu };
