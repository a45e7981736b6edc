import { DATA_TYPES, Tensor, type ValueName } from '@seewhy/onnx';
import { positiveAxis, type Rule, type RuleStep, type RuleTable } from '../rule.ts';
import { type Dim, product, type Shape, sameDim } from '../shape.ts';
import { multiplyAxis, pads, scatterIndices } from './along-axis.ts';

const INT64 = DATA_TYPES.int64.code;

/** int64 indices at run time, counted from the front. */
function fromFront(s: RuleStep, indices: ValueName, size: number): ValueName {
  const wide = s.type(indices) === 'int64' ? indices : s.b.cast(indices, INT64);
  return s.b.where(s.b.op('Less', [wide, s.b.int(0)]), s.b.add(wide, s.b.int(size)), wide);
}

/** Constant indices, counted from the front. */
const frontOf = (indices: readonly number[], size: number) =>
  indices.map((index) => (index < 0 ? index + size : index));

/** 0 … size − 1 along the first of the dimensions. */
const places = (s: RuleStep, size: number, dims: readonly number[] = [size]) =>
  s.b.constant(Tensor.int64([...Array(size).keys()], dims), 'places');

/** Zeros of the shape of `like`, of its type. */
const zerosLike = (s: RuleStep, like: ValueName) => s.expandLike(s.scalar(0, like), like);

/** y = x[… indices …] along one axis: back to the places; what was picked twice receives both. */
const gather: Rule = (s) => {
  const to = s.shape(s.x());
  const axis = positiveAxis(s.node.attribute.int('axis', 0), to.length);
  const picked = s.shape(s.x(1));
  const constant = s.constant(s.x(1))?.numbers();
  const count: Dim = constant ? constant.length : flatCount(s, picked);
  // The dimensions of the indices as one.
  const flat = picked.length === 1 ? s.g : s.reshape(s.g, [...to.slice(0, axis), count, ...to.slice(axis + 1)]);
  if (typeof to[axis] !== 'number') return [gatherOfAll(s, flat, axis)];
  const size = s.staticSize(to, axis);
  if (constant) return [scatterIndices(s, flat, axis, frontOf(constant, size), to)];
  const indices = fromFront(s, s.x(1), size);
  return [multiplyAxis(s, flat, axis, to, count, (rows) => oneHot(s, indices, size, rows))];
};

/** Where the axis is as long as the batch makes it (`as_strided` of a flattened value, of PyTorch's default exporter): added up at the places. */
function gatherOfAll(s: RuleStep, flat: ValueName, axis: number): ValueName {
  if (!s.profile.scatterAdd || s.opset < 16) s.staticSize(s.shape(s.x()), axis);
  const { b } = s;
  const wide = s.type(s.x(1)) === 'int64' ? s.x(1) : b.cast(s.x(1), INT64);
  const along = s.shape(s.x()).map((_, other) => (other === axis ? -1 : 1));
  const places = b.expand(b.reshape(wide, along), b.shape(flat));
  return scatterElements(s, flat, places, axis, s.x(), false);
}

function flatCount(s: RuleStep, shape: Shape): Dim {
  const batched = shape.filter((dim) => typeof dim !== 'number');
  if (batched.length > 1) throw s.refuse('its indices depend on the batch in two dimensions');
  const rest = product(shape.filter((dim) => typeof dim === 'number'));
  return batched[0] ? { batch: batched[0].batch * rest } : rest;
}

/** [size, indices] with 1 where a row is the index (or its transpose), at run time. */
function oneHot(s: RuleStep, indices: ValueName, size: number, rows: boolean): ValueName {
  const { b } = s;
  const hit = b.equal(places(s, size, rows ? [size, 1] : [size]), b.reshape(indices, rows ? [1, -1] : [-1, 1]));
  return b.cast(hit, s.typeCode(s.x()));
}

/** Adds g at `indices` (of the shape of g, not repeated where `distinct`) along an axis of zeros of the shape of `like`. */
function scatterElements(
  s: RuleStep,
  g: ValueName,
  indices: ValueName,
  axis: number,
  like: ValueName,
  distinct: boolean,
): ValueName {
  const { b } = s;
  if (s.profile.scatterAdd && (distinct || s.opset >= 16)) {
    if (distinct) return b.op('ScatterElements', [zerosLike(s, like), indices, g], { axis });
    if (s.type(like) !== 'float16')
      return b.op('ScatterElements', [zerosLike(s, like), indices, g], { axis, reduction: 'add' });
    // There is no float16 kernel that adds.
    const zeros = s.expandLike(b.scalar(0), like);
    const wide = b.cast(g, DATA_TYPES.float32.code);
    const sum = b.op('ScatterElements', [zeros, indices, wide], { axis, reduction: 'add' });
    return b.cast(sum, s.typeCode(like));
  }
  // Σ_k g_k · [index_k = place]: places are a new axis before that of the indices; rows that no index reads are zeros behind.
  const [from, to] = [s.shape(s.y()), s.shape(like)];
  const size = s.staticSize(to, axis);
  const front = fromFront(s, indices, size);
  const column = places(s, size, [size, ...Array(to.length - axis).fill(1)]);
  const hit = b.equal(b.unsqueeze(front, [axis]), column);
  const sum = b.reduceSum(b.where(hit, b.unsqueeze(g, [axis]), s.scalar(0, like)), [axis + 1], false);
  const unread = (dim: Dim, other: number) =>
    other === axis || sameDim(dim, from[other]!) ? 0 : s.staticSize(to, other) - s.staticSize(from, other);
  return b.pad(
    sum,
    pads(to, (dim, other) => [0, unread(dim, other)]),
  );
}

/** y[i][j] = x[index[i][j]][j] (axis 0). */
const gatherElements: Rule = (s) => {
  const axis = positiveAxis(s.node.attribute.int('axis', 0), s.rank(s.x()));
  return [scatterElements(s, s.g, s.x(1), axis, s.x(), false)];
};

/** The k largest or smallest along an axis: each goes back to its place. */
const topK: Rule = (s) => {
  const axis = positiveAxis(s.node.attribute.int('axis', -1), s.rank(s.x()));
  return [scatterElements(s, s.g, s.y(1), axis, s.x(), true)];
};

/**
 * y[n, i…] = x[n, index[n, i…]…]: the indexed dimensions are taken as one, so that a row of indices is one number; then the adjoint is
 * a product with the one-hot matrix of those numbers, or a Gather's where they are constant.
 */
const gatherND: Rule = (s) => {
  const { b } = s;
  const batch = s.node.attribute.int('batch_dims', 0);
  const [to, tuples] = [s.shape(s.x()), s.shape(s.x(1))];
  const depth = s.staticSize(tuples, tuples.length - 1);
  const indexed = Array.from({ length: depth }, (_, k) => s.staticSize(to, batch + k));
  const size = product(indexed);
  const strides = indexed.map((_, k) => product(indexed.slice(k + 1)));
  const constant = s.constant(s.x(1))?.numbers();
  const inner = flatCount(s, to.slice(batch + depth));
  if (constant && batch === 0) {
    const rows: number[] = [];
    for (let row = 0; row < constant.length; row += depth) {
      const parts = indexed.map((along, k) => frontOf([constant[row + k]!], along)[0]! * strides[k]!);
      rows.push(parts.reduce((total, part) => total + part, 0));
    }
    const flat = scatterIndices(s, s.reshape(s.g, [rows.length, inner]), 0, rows, [size, inner]);
    return [s.reshapeLike(flat, s.x())];
  }
  const sizes = b.ints(indexed);
  const wide = s.type(s.x(1)) === 'int64' ? s.x(1) : b.cast(s.x(1), INT64);
  const front = b.where(b.op('Less', [wide, b.int(0)]), b.add(wide, sizes), wide);
  const numbers = b.reduceSum(b.mul(front, b.ints(strides)), [-1], false);
  const leading = to.slice(0, batch);
  const count = flatCount(s, tuples.slice(batch, -1));
  const rows = s.reshape(numbers, [...leading, 1, count]);
  const hit = b.equal(places(s, size, [size, 1]), rows);
  const g = s.reshape(s.g, [...leading, count, inner]);
  return [s.reshapeLike(b.matmul(b.cast(hit, s.typeCode(s.x())), g), s.x())];
};

/** How one of the two scatters writes, and how what stands at its places is read. */
interface Scatter {
  readonly write: (data: ValueName, updates: ValueName, reduction?: string) => ValueName;
  readonly read: (from: ValueName) => ValueName;
}

/** data with updates written (or added) at indices: the data keeps g where nothing was written, the updates take theirs. */
const scatter =
  (op: 'ScatterElements' | 'ScatterND', readOp: 'GatherElements' | 'GatherND'): Rule =>
  (s) => {
    const { b } = s;
    const reduction = s.node.attribute.string('reduction', 'none');
    const axis = op === 'ScatterElements' ? { axis: s.node.attribute.int('axis', 0) } : {};
    const how: Scatter = {
      write: (data, updates, reduction) =>
        b.op(op, [data, s.x(1), updates], reduction === undefined ? axis : { ...axis, reduction }),
      read: (from) => b.op(readOp, [from, s.x(1)], axis),
    };
    if (reduction === 'mul') return scatterProduct(s, how);
    if (reduction === 'max' || reduction === 'min') return scatterExtreme(s, how);
    if (reduction !== 'none' && reduction !== 'add') throw s.refuse(`its reduction is '${reduction}'`);
    const kept = () => (reduction === 'add' ? s.g : how.write(s.g, zerosLike(s, s.x(2))));
    return [s.needs(0) ? kept() : null, null, s.needs(2) ? how.read(s.g) : null];
  };

/** Where two values are equal, as 0 and 1 in float32: there is no kernel that adds float16. */
const hits = (s: RuleStep, a: ValueName, c: ValueName) => s.b.cast(s.b.equal(a, c), DATA_TYPES.float32.code);

/** Division by what may be counted in another type than g. */
const share = (s: RuleStep, g: ValueName, count: ValueName) =>
  s.b.div(g, s.type(s.x()) === 'float32' ? count : s.b.cast(count, s.typeCode(s.x())));

/** The greatest (least) of the data and of all updates of a place: those that equal it share its gradient. */
function scatterExtreme(s: RuleStep, { write, read }: Scatter) {
  const { b } = s;
  const type = s.type(s.x());
  const written = read(s.y());
  const count = write(hits(s, s.x(), s.y()), hits(s, s.x(2), written), 'add');
  const each = share(s, s.g, count);
  const where = (g: ValueName, a: ValueName, c: ValueName) => s.profile.maskEqual(b, g, a, c, type);
  return [s.needs(0) ? where(each, s.x(), s.y()) : null, null, s.needs(2) ? where(read(each), s.x(2), written) : null];
}

/**
 * y = data · Π updates of a place. ∂data: g · Π updates. ∂updateᵢ: g times all others, which is y / uᵢ but for zeros: with u′ = u, or 1 where u
 * is 0, and Q = data · Π u′, it is g · Q / u′ᵢ where no other update of the place is 0, else 0.
 */
function scatterProduct(s: RuleStep, { write, read }: Scatter) {
  const { b } = s;
  const updates = s.x(2);
  const byData = () => b.mul(s.g, write(s.expandLike(s.scalar(1), s.x()), updates, 'mul'));
  const byUpdates = () => {
    const zero = s.scalar(0);
    const isZero = hits(s, updates, zero);
    const solid = b.where(b.equal(updates, zero), s.scalar(1), updates);
    const others = b.div(read(b.mul(s.g, write(s.x(), solid, 'mul'))), solid);
    const zeros = read(write(s.expandLike(b.scalar(0), s.x()), isZero, 'add'));
    return b.where(b.equal(zeros, isZero), others, zero);
  };
  return [s.needs(0) ? byData() : null, null, s.needs(2) ? byUpdates() : null];
}

const refuse =
  (why: string): Rule =>
  (s) => {
    throw s.refuse(why);
  };

export const indexing: RuleTable = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  ScatterElements: scatter('ScatterElements', 'GatherElements'),
  ScatterND: scatter('ScatterND', 'GatherND'),
  TopK: topK,
  Compress: refuse('the size of its result depends on its values'),
  Unique: refuse('the size of its result depends on its values'),
  // Indices: no gradient passes.
  NonZero: 'stop',
  OneHot: 'stop',
  NonMaxSuppression: 'stop',
};
