import { DATA_TYPES, type DataType, type GraphBuilder, type ValueName } from '@seewhy/onnx';

/**
 * The form in which masks and choices are written; the fastest differs by runtime (measured: bench/, onnx-notes 2.0).
 * `native`: ONNX Runtime on CPU or GPU and every exported file. `wasm`: onnxruntime-web on the CPU. `webgpu`: only kernels that the
 * WebGPU provider has.
 */
export type ProfileName = 'native' | 'wasm' | 'webgpu';

/** How one runtime wants masks and their products written: equal in value, unlike in speed. */
export interface Profile {
  readonly name: ProfileName;
  /** A float 0/1 mask: 1 where x > threshold. */
  above(b: GraphBuilder, x: ValueName, threshold: number, type: DataType): ValueName;
  /** A float 0/1 mask: 1 where x < threshold. */
  below(b: GraphBuilder, x: ValueName, threshold: number, type: DataType): ValueName;
  /** g where y > 0, else 0; `nonNegative` says that y ≥ 0 by construction. */
  maskPositive(b: GraphBuilder, g: ValueName, y: ValueName, type: DataType, nonNegative: boolean): ValueName;
  /** g where low < x < high, else 0. */
  maskBetween(b: GraphBuilder, g: ValueName, x: ValueName, low: number, high: number, type: DataType): ValueName;
  /** g where a = c, else 0. */
  maskEqual(b: GraphBuilder, g: ValueName, a: ValueName, c: ValueName, type: DataType): ValueName;
  /** g where x > 0, else slope · g. */
  leaky(b: GraphBuilder, g: ValueName, x: ValueName, slope: number, type: DataType): ValueName;
  /** −1, 0 or 1. */
  sign(b: GraphBuilder, x: ValueName, type: DataType): ValueName;
  /** ScatterElements / ScatterND with reduction `add` have a kernel. */
  readonly scatterAdd: boolean;
  /** Max, Min, And, Or, Sum, OneHot, Trilu have a kernel. */
  readonly fullOps: boolean;
}

const castMask = (b: GraphBuilder, condition: ValueName, type: DataType) => b.cast(condition, DATA_TYPES[type].code);

/** Steepness of a HardSigmoid used as a step: every normal float32 above the threshold gives 1. */
const STEEP = 3e38;
/** With a threshold the product steepness · threshold must stay finite; a power of two keeps it exact, so that x = threshold gives 0. */
const STEEP_AT = 2 ** 123;

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
  maskBetween: (b, g, x, low, high, type) =>
    b.mul(b.mul(g, native.above(b, x, low, type)), native.below(b, x, high, type)),
  maskEqual: (b, g, a, c, type) => b.mul(g, castMask(b, b.equal(a, c), type)),
  leaky: (b, g, x, slope, type) =>
    slope >= 0 && slope <= 1
      ? b.mul(g, b.clip(native.above(b, x, 0, type), b.scalar(slope, type)))
      : compare.leaky(b, g, x, slope, type),
  sign: (b, x) => b.op('Sign', [x]),
  scatterAdd: true,
  fullOps: true,
};

/** The forms with comparisons, which every runtime has. */
const compare: Pick<Profile, 'above' | 'below' | 'maskBetween' | 'maskEqual' | 'leaky'> = {
  above: (b, x, threshold, type) => castMask(b, b.greater(x, b.scalar(threshold, type)), type),
  below: (b, x, threshold, type) => castMask(b, b.op('Less', [x, b.scalar(threshold, type)]), type),
  maskBetween: (b, g, x, low, high, type) => {
    const zero = b.scalar(0, type);
    const lowered = b.where(b.op('Less', [x, b.scalar(high, type)]), g, zero);
    return b.where(b.greater(x, b.scalar(low, type)), lowered, zero);
  },
  maskEqual: (b, g, a, c, type) => b.where(b.equal(a, c), g, b.scalar(0, type)),
  leaky: (b, g, x, slope, type) => b.where(b.greater(x, b.scalar(0, type)), g, b.mul(g, b.scalar(slope, type))),
};

const wasm: Profile = {
  name: 'wasm',
  ...compare,
  maskPositive: (b, g, y, type, nonNegative) =>
    nonNegative ? b.mul(g, b.op('Sign', [y])) : b.where(b.greater(y, b.scalar(0, type)), g, b.scalar(0, type)),
  sign: (b, x) => b.op('Sign', [x]),
  scatterAdd: true,
  fullOps: true,
};

const webgpu: Profile = {
  name: 'webgpu',
  ...compare,
  maskPositive: (b, g, y, type) => b.where(b.greater(y, b.scalar(0, type)), g, b.scalar(0, type)),
  sign: (b, x, type) => b.sub(compare.above(b, x, 0, type), compare.below(b, x, 0, type)),
  scatterAdd: false,
  fullOps: false,
};

/** The profiles by name: ONNX Runtime on the CPU, in WebAssembly, and on WebGPU (only kernels that provider has). */
export const PROFILES: Readonly<Record<ProfileName, Profile>> = { native, wasm, webgpu };
