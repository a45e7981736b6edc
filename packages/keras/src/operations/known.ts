import type { Known, Operand } from './operand.ts';
import { isKnown, MOST_KNOWN, productOf } from './operand.ts';
import type { Operation } from './operation.ts';

type Scalar = (a: number, b: number) => number;

const BINARY: Readonly<Record<string, Scalar>> = {
  Add: (a, b) => a + b,
  AddV2: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  RealDiv: (a, b) => a / b,
  FloorDiv: (a, b) => Math.floor(a / b),
  FloorMod: (a, b) => a - Math.floor(a / b) * b,
  Maximum: Math.max,
  Minimum: Math.min,
  Greater: (a, b) => Number(a > b),
  GreaterEqual: (a, b) => Number(a >= b),
  Less: (a, b) => Number(a < b),
  LessEqual: (a, b) => Number(a <= b),
  Equal: (a, b) => Number(a === b),
  NotEqual: (a, b) => Number(a !== b),
  LogicalAnd: (a, b) => Number(a !== 0 && b !== 0),
  LogicalOr: (a, b) => Number(a !== 0 || b !== 0),
};

const UNARY: Readonly<Record<string, (a: number) => number>> = {
  Neg: (a) => -a,
  Abs: Math.abs,
  Floor: Math.floor,
  Ceil: Math.ceil,
  Sqrt: Math.sqrt,
  LogicalNot: (a) => Number(a === 0),
};

const REDUCTIONS: Readonly<Record<string, Scalar>> = {
  Prod: (a, b) => a * b,
  Sum: (a, b) => a + b,
  Max: Math.max,
  Min: Math.min,
};

/**
 * What is known of an operation's results from what is known of its inputs: shapes, and what TensorFlow graphs compute from them.
 * Lists of one dimension are followed through everything, higher ones only where nothing moves.
 */
export function follow(op: Operation, results: readonly Operand[]): readonly Operand[] {
  return results.map((result, index) => {
    if (result.known || result.constant) return result;
    const known = content(op, result, index);
    const size = productOf(result.shape);
    if (!known || known.length > MOST_KNOWN || known.length !== size) return result;
    const exact = known.map((value) =>
      value === null
        ? null
        : result.type === 'float32'
          ? Math.fround(value)
          : Number.isSafeInteger(value)
            ? value
            : null,
    );
    return { ...result, known: exact };
  });
}

function content(op: Operation, result: Operand, index: number): Known | undefined {
  const name = op.node.op;
  const given = op.inputs.map(({ known }) => known);
  const [a, b] = given;
  if (Object.hasOwn(BINARY, name)) {
    if (!a || !b || op.inputs.slice(0, 2).some(({ shape }) => shape.length > 1)) return undefined;
    const size = Math.max(a.length, b.length);
    const at = (list: Known, place: number) => list[list.length === 1 ? 0 : place] ?? null;
    return Array.from({ length: size }, (_, place) => {
      const [left, right] = [at(a, place), at(b, place)];
      return left === null || right === null ? null : BINARY[name]!(left, right);
    });
  }
  if (Object.hasOwn(UNARY, name)) return a?.map((value) => (value === null ? null : UNARY[name]!(value)));
  if (Object.hasOwn(REDUCTIONS, name)) {
    if (!a || op.x.shape.length !== 1 || !isKnown(b) || b.length === 0) return undefined;
    return isKnown(a) && a.length > 0 ? [a.reduce(REDUCTIONS[name]!)] : [null];
  }
  switch (name) {
    case 'Pack':
      return given.every((known) => known?.length === 1) ? given.map((known) => known![0]!) : undefined;
    case 'ConcatV2':
      return joined(op.inputs.slice(0, -1));
    case 'Concat':
      return joined(op.inputs.slice(1));
    case 'Gather':
    case 'GatherV2':
      return a && isKnown(b) && op.x.shape.length === 1 ? b.map((place) => a[place] ?? null) : undefined;
    case 'Slice':
    case 'StridedSlice':
      return a && op.x.shape.length === 1 ? sliced(op, a, result) : undefined;
    case 'Unpack':
      return a && op.x.shape.length === 1 ? [a[index] ?? null] : undefined;
    case 'Select':
    case 'SelectV2': {
      const [, yes, no] = given;
      if (a?.length !== 1 || a[0] === null) return undefined;
      return a[0] ? yes : no;
    }
    default:
      return undefined;
  }
}

function joined(values: readonly Operand[]): Known | undefined {
  if (values.some(({ known, shape }) => !known || shape.length !== 1)) return undefined;
  return values.flatMap(({ known }) => [...known!]);
}

/** The same cut of a list that the graph makes. */
function sliced(op: Operation, list: Known, result: Operand): Known | undefined {
  const begin = op.input(1).known?.[0];
  if (typeof begin !== 'number') return undefined;
  const bit = (name: string) => op.attributes.int(name, 0) & 1;
  if (op.node.op === 'Slice') {
    const size = op.input(2).known?.[0];
    return typeof size === 'number' ? list.slice(begin, size === -1 ? undefined : begin + size) : undefined;
  }
  if (op.input(1).known!.length !== 1) return undefined;
  if (bit('new_axis_mask') || bit('ellipsis_mask')) return result.shape.length === 1 ? list : undefined;
  if (bit('shrink_axis_mask')) return [list.at(begin) ?? null];
  const [end, step] = [op.input(2).known?.[0], op.input(3).known?.[0]];
  if (typeof end !== 'number' || typeof step !== 'number' || step === 0) return undefined;
  const size = list.length;
  const clamp = (at: number) => {
    const place = at < 0 ? at + size : at;
    return step > 0 ? Math.min(Math.max(place, 0), size) : Math.min(Math.max(place, -1), size - 1);
  };
  const from = bit('begin_mask') ? (step > 0 ? 0 : size - 1) : clamp(begin);
  const to = bit('end_mask') ? (step > 0 ? size : -1) : clamp(end);
  const places: (number | null)[] = [];
  for (let at = from; step > 0 ? at < to : at > to; at += step) places.push(list[at] ?? null);
  return places;
}
