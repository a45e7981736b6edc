import type { ValueName } from '@seewhy/onnx';
import { positiveAxis, type Rule, type RuleStep } from '../rule.ts';
import { constantMatrix, multiplyAxis, pads } from './along-axis.ts';

/** Pad: constant borders are cut off; borders that repeat the inside (reflect, edge, wrap) are added back to where they came from. */
export const padding: Rule = (s) => {
  const mode = s.node.attribute.string('mode', 'constant');
  if (s.needs(2)) throw s.refuse('its padding value depends on the input');
  if (mode === 'constant' && !s.constant(s.x(1))) return [cropAtRunTime(s)];
  const margins = readPads(s);
  return [mode === 'constant' ? crop(s, margins) : fold(s, mode, margins)];
};

/** Pads computed by nodes: the same with the sign turned. */
function cropAtRunTime(s: RuleStep): ValueName {
  return s.b.op('Pad', [s.g, s.b.neg(s.x(1)), undefined, s.has(3) ? s.x(3) : undefined]);
}

/** [begin, end] of every axis. */
function readPads(s: RuleStep): readonly (readonly [number, number])[] {
  const rank = s.rank(s.x());
  const given = s.constantInts(1) ?? [];
  const axes = s.constantInts(3) ?? Array.from({ length: rank }, (_, axis) => axis);
  const result: [number, number][] = Array.from({ length: rank }, () => [0, 0]);
  axes.forEach((axis, index) => {
    result[positiveAxis(axis, rank)] = [given[index]!, given[index + axes.length]!];
  });
  return result;
}

/** Positive pads are sliced off, negative ones (which cropped) are filled with zeros. */
function crop(s: RuleStep, margins: readonly (readonly [number, number])[]): ValueName {
  const shape = s.shape(s.x());
  const axes = margins.map((_, axis) => axis).filter((axis) => margins[axis]!.some((margin) => margin > 0));
  let value = s.g;
  if (axes.length > 0) {
    const from = s.shape(s.y());
    const starts = axes.map((axis) => Math.max(0, margins[axis]![0]));
    const ends = axes.map((axis) => s.staticSize(from, axis) - Math.max(0, margins[axis]![1]));
    value = s.b.slice(value, starts, ends, axes);
  }
  return s.b.pad(
    value,
    pads(shape, (_, axis) => [Math.max(0, -margins[axis]![0]), Math.max(0, -margins[axis]![1])]),
  );
}

/** Along each padded axis: g times the matrix that says which inside element each element of the result is. */
function fold(s: RuleStep, mode: string, margins: readonly (readonly [number, number])[]): ValueName {
  const [from, to] = [s.shape(s.y()), s.shape(s.x())];
  let value = s.g;
  let shape = from;
  margins.forEach(([begin, end], axis) => {
    if (begin === 0 && end === 0) return;
    const [size, count] = [s.staticSize(to, axis), s.staticSize(from, axis)];
    const matrix = new Float32Array(size * count);
    for (let position = 0; position < count; position++) {
      const source = insideOf(position - begin, size, mode);
      if (source === undefined) throw s.refuse(`padding mode '${mode}' is not known`);
      matrix[source * count + position] = 1;
    }
    shape = shape.with(axis, size);
    value = multiplyAxis(s, value, axis, shape, count, (rows) => constantMatrix(s, matrix, size, count, rows));
  });
  return value;
}

/** Which inside element a position outside [0, size) repeats. */
function insideOf(position: number, size: number, mode: string): number | undefined {
  const modulo = (value: number, period: number) => ((value % period) + period) % period;
  if (mode === 'edge') return Math.min(size - 1, Math.max(0, position));
  if (mode === 'wrap') return modulo(position, size);
  if (mode !== 'reflect') return undefined;
  if (size === 1) return 0;
  const folded = modulo(position, 2 * (size - 1));
  return folded < size ? folded : 2 * (size - 1) - folded;
}
