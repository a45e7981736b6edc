import type { LayerContext, LayerImporter, LayerTable } from '../layer.ts';
import { heldAxis, type LayerValue } from '../model/layer-value.ts';
import { resize } from './resample.ts';

/** Everything behind the batch in one axis, in Keras's order. */
const flatten: LayerImporter = {
  build(layer) {
    let { x } = layer;
    const rank = x.shape.length;
    // `channels_first` pictures are brought to channels last before.
    if (rank > 2 && layer.options.channelsFirst)
      x = transposed(layer, x, [0, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 2), 1]);
    const sizes = x.shape.slice(1);
    const size = sizes.includes(null) ? null : sizes.reduce<number>((product, dim) => product * dim!, 1);
    const plain = layer.b.inKerasLayout(x);
    if (rank === 2) return plain;
    if (size === null)
      return { ...plain, shape: [x.shape[0]!, null], value: layer.b.op('Flatten', [plain.value], { axis: 1 }) };
    return layer.reshape(plain, [x.shape[0]!, size]);
  },
};

/** Another shape for the same elements; one size may be −1. */
const reshape: LayerImporter = {
  build(layer) {
    const raw = layer.options.raw('target_shape');
    const target = Array.isArray(raw) ? raw : [raw];
    if (!target.every((dim) => Number.isSafeInteger(dim) && dim >= -1))
      throw layer.misfit(`Its target shape is ${JSON.stringify(raw)}`);
    return reshapedTo(layer, layer.x, target as number[]);
  },
};

/** Reshape of everything behind the batch; one target size may be −1. */
export function reshapedTo(layer: LayerContext, x: LayerValue, target: readonly number[]): LayerValue {
  const sizes = x.shape.slice(1);
  const known = target.filter((dim) => dim !== -1).reduce((product, dim) => product * dim, 1);
  const shown = `[${sizes.map((dim) => dim ?? 'None').join(', ')}] cannot become [${target.join(', ')}]`;
  if (target.filter((dim) => dim === -1).length > 1) throw layer.misfit(shown);
  let open: number | null = null;
  if (!sizes.includes(null)) {
    const whole = sizes.reduce<number>((product, dim) => product * dim!, 1);
    if (target.includes(-1) ? known === 0 || whole % known !== 0 : whole !== known) throw layer.misfit(shown);
    open = whole / known;
  }
  return layer.reshape(x, [x.shape[0]!, ...target.map((dim) => (dim === -1 ? open : dim))]);
}

/** The value with its axes in another order, in Keras's layout; one Transpose from whatever is held. */
export function transposed(layer: LayerContext, x: LayerValue, perm: readonly number[]): LayerValue {
  const value = layer.b.transpose(
    x.value,
    perm.map((axis) => heldAxis(x, axis)),
  );
  return { ...x, layout: 'keras', value, shape: perm.map((axis) => x.shape[axis]!) };
}

const permute: LayerImporter = {
  build(layer) {
    const rank = layer.x.shape.length;
    const dims = layer.options.ints('dims', rank - 1, 1);
    if (new Set(dims).size !== rank - 1 || Math.max(...dims) !== rank - 1)
      throw layer.misfit(`Its dims [${dims.join(', ')}] are no permutation`);
    return transposed(layer, layer.x, [0, ...dims]);
  },
};

/** `[N, C]` → `[N, n, C]`. */
const repeatVector: LayerImporter = {
  build(layer) {
    const { b } = layer;
    layer.wantRank(layer.x, 2);
    const count = layer.options.int('n');
    const [batch, size] = layer.x.shape as [number | null, number | null];
    const value = b.op('Tile', [b.unsqueeze(layer.x.value, [1]), b.ints([1, count, 1])]);
    return { ...layer.x, shape: [batch, count, size], value };
  },
};

/** Pairs (before, behind) for each spatial dimension: a number for all, a number each, or a pair each. */
function pairs(layer: LayerContext, name: string, rank: number): [number, number][] {
  const raw = layer.options.raw(name) ?? 1;
  const list = Array.isArray(raw) ? raw : Array.from({ length: rank }, () => raw);
  const flat = rank === 1 && list.length === 2 && list.every((item) => typeof item === 'number') ? [list] : list;
  const result = flat.map((item: unknown) => (Array.isArray(item) ? item : [item, item]));
  const good =
    result.length === rank &&
    result.every(
      (pair) =>
        pair.length === 2 &&
        pair.every((pad: unknown) => Number.isSafeInteger(pad) && (pad as number) >= 0 && (pad as number) < 2 ** 24),
    );
  if (!good) throw layer.misfit(`Its ${name} is ${JSON.stringify(raw)}`);
  return result as [number, number][];
}

/** First spatial axis in Keras's shape. */
const firstSpatial = (layer: LayerContext, rank: number) => (rank > 1 && layer.options.channelsFirst ? 2 : 1);

function zeroPadding(rank: number): LayerImporter {
  return {
    build(layer) {
      const { x } = layer;
      layer.wantRank(x, rank + 2);
      const first = firstSpatial(layer, rank);
      const begins = new Array<number>(rank + 2).fill(0);
      const ends = new Array<number>(rank + 2).fill(0);
      const shape = [...x.shape];
      pairs(layer, 'padding', rank).forEach(([before, behind], at) => {
        const axis = heldAxis(x, first + at);
        begins[axis] = before;
        ends[axis] = behind;
        const size = shape[first + at]!;
        shape[first + at] = size === null ? null : size + before + behind;
      });
      return { ...x, shape, value: layer.b.pad(x.value, [...begins, ...ends]) };
    },
  };
}

const TO_THE_END = 2 ** 31 - 1;

function cropping(rank: number): LayerImporter {
  return {
    build(layer) {
      const { x } = layer;
      layer.wantRank(x, rank + 2);
      const first = firstSpatial(layer, rank);
      const cut = pairs(layer, 'cropping', rank).map(([before, behind], at) => ({
        axis: first + at,
        start: before,
        behind,
      }));
      return cropped(layer, x, cut);
    },
  };
}

/** Cuts before and behind along some axes of Keras's shape. */
export function cropped(
  layer: LayerContext,
  x: LayerValue,
  cuts: readonly { axis: number; start: number; behind: number }[],
): LayerValue {
  const shape = [...x.shape];
  const wanted = cuts.filter(({ start, behind }) => start > 0 || behind > 0);
  if (wanted.length === 0) return x;
  const ends = wanted.map(({ axis, start, behind }) => {
    const size = shape[axis]!;
    if (size === null) return behind === 0 ? TO_THE_END : -behind;
    if (size <= start + behind) throw layer.misfit(`It cuts ${start + behind} of ${size}`);
    shape[axis] = size - start - behind;
    return size - behind;
  });
  const starts = wanted.map(({ start }) => start);
  const axes = wanted.map(({ axis }) => heldAxis(x, axis));
  return { ...x, shape, value: layer.b.slice(x.value, starts, ends, axes) };
}

function upSampling(rank: number): LayerImporter {
  return {
    build(layer) {
      const { x, options } = layer;
      layer.wantRank(x, rank + 2);
      const factors = options.ints('size', rank, 1, 2);
      const first = firstSpatial(layer, rank);
      const method = rank === 2 ? (options.raw('interpolation') ?? 'nearest') : 'nearest';
      const shape = x.shape.map((dim, axis) =>
        axis >= first && axis < first + rank && dim !== null ? dim * factors[axis - first]! : dim,
      );
      const corners = !options.flag('half_pixel_centers', true);
      const open = factors.some((_, at) => x.shape[first + at] === null);
      if (method === 'nearest' || (method === 'bilinear' && (open || corners))) {
        const scales = new Array<number>(rank + 2).fill(1);
        factors.forEach((factor, at) => {
          scales[heldAxis(x, first + at)] = factor;
        });
        if (method === 'nearest') return { ...x, shape, value: layer.b.resizeNearest(x.value, scales) };
        const list = layer.numbers(scales, [scales.length], 'scales');
        const places = corners ? 'asymmetric' : 'half_pixel';
        const attributes = { mode: 'linear', coordinate_transformation_mode: places };
        return { ...x, shape, value: layer.b.op('Resize', [x.value, undefined, list], attributes) };
      }
      const sizes = factors.map((factor, at) => layer.known(x.shape[first + at], 'the size of its input') * factor) as [
        number,
        number,
      ];
      return resize(layer, x, sizes, method, options.channelsFirst);
    },
  };
}

export const RESHAPING_LAYERS: LayerTable = {
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  RepeatVector: repeatVector,
  ZeroPadding1D: zeroPadding(1),
  ZeroPadding2D: zeroPadding(2),
  ZeroPadding3D: zeroPadding(3),
  Cropping1D: cropping(1),
  Cropping2D: cropping(2),
  Cropping3D: cropping(3),
  UpSampling1D: upSampling(1),
  UpSampling2D: upSampling(2),
  UpSampling3D: upSampling(3),
};
