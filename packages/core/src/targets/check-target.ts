import type { Shape } from '@seewhy/autodiff';
import { type DataType, type Graph, isFloat } from '@seewhy/onnx';
import { isRegression, type ScoreKind, type Target } from '../target.ts';
import { targetErrors } from './errors.ts';
import { type OutputFacts, outputGrid } from './region.ts';
import { targetText } from './target-text.ts';

/** The model's facts that targets are checked against. */
export interface TargetFacts extends OutputFacts {
  readonly types: ReadonlyMap<string, DataType>;
  readonly graph: Graph;
}

/**
 * Refuses targets that do not exist on a model.
 * @throws TARGET_OUT_OF_RANGE, TARGET_NO_GRID, TARGET_MASK_SIZE, TARGET_MASK_EMPTY, TARGET_VECTOR_INVALID, TARGET_VALUE_UNKNOWN,
 * TARGET_SCORE_IMPOSSIBLE, TARGET_IS_A_BOX
 */
export function checkTarget(target: Target, facts: TargetFacts, score: ScoreKind): void {
  const { output } = facts;
  const inRange = (index: number) => {
    if (!Number.isInteger(index) || index < 0 || index >= output.classes)
      throw targetErrors.targetRange(index, output.classes);
  };
  if (isOfClasses(target)) {
    if (output.boxes !== undefined) throw noClasses(output, output.boxes);
    checkScore(facts, score);
  }
  for (const index of classesOf(target)) inRange(index);
  if (target.kind === 'top' && !(target.rank < output.classes))
    throw targetErrors.topRange(target.rank + 1, output.classes);
  if (target.kind === 'runner-up' && output.classes < 2) throw targetErrors.topRange(2, output.classes);
  if (target.kind === 'sum' && target.indices.length === 0) throw targetErrors.badTarget(target.asked);
  if (target.kind === 'position' || target.kind === 'region') checkPlace(target, facts);
  if (target.kind === 'similar') checkVector(target, facts);
  if (target.kind === 'element') checkElement(target, facts);
}

/** Says so with the first number behind the place of the box in the middle. */
function noClasses({ name, axis, classes }: OutputFacts['output'], boxes: number): Error {
  const [box, number] = [Math.floor(boxes / 2), Math.min(4, classes - 1)];
  const example = axis === 1 ? `${name}[${number},${box}]` : `${name}[${box},${number}]`;
  return targetErrors.listOfBoxes(name, boxes, classes, example);
}

/** All classes that a target names. */
function classesOf(target: Target): readonly number[] {
  if (target.kind === 'sum') return target.indices;
  if (target.kind === 'contrast') return [target.index, target.against];
  return 'index' in target && target.index !== undefined ? [target.index] : [];
}

/** Whether a target is made of the explained output's classes. */
export const isOfClasses = ({ kind }: Target): boolean =>
  kind !== 'similar' && kind !== 'element' && kind !== 'function';

function checkScore({ output }: OutputFacts, score: ScoreKind): void {
  if (score === 'logit') return;
  if (isRegression(output))
    throw targetErrors.targetScore(score, `'${output.name}' is one value without an activation`);
  if (output.classes < 2 && output.activation !== 'sigmoid')
    throw targetErrors.targetScore(score, 'there is only one class');
}

function checkPlace(target: Target & { kind: 'position' | 'region' }, facts: TargetFacts): void {
  const grid = outputGrid(facts);
  const text = targetText(target, facts.output);
  if (!grid) throw targetErrors.noGrid(text, facts.output.name);
  const { height, width } = grid;
  if (target.kind === 'position') {
    const [y, x] = target.at;
    const inside = (value: number, size: number) => Number.isInteger(value) && value >= 0 && value < size;
    if (!inside(y, height) || !inside(x, width))
      throw targetErrors.elementPlace(text, [y, x], `a grid of ${height} × ${width}`, 'counted [y, x]');
    return;
  }
  const { mask } = target;
  if (mask.height !== height || mask.width !== width || mask.data.length !== height * width)
    throw targetErrors.maskSize(text, `${mask.width}x${mask.height}`, `${width}x${height}`);
  let sum = 0;
  for (const value of mask.data) {
    if (!(value >= 0) || value === Number.POSITIVE_INFINITY)
      throw targetErrors.maskEmpty(text, 'has values below 0 or that are no numbers');
    sum += value;
  }
  if (!(sum > 0)) throw targetErrors.maskEmpty(text, 'is 0 everywhere');
}

function checkVector({ vector, name }: Target & { kind: 'similar' }, { output, shapes }: TargetFacts): void {
  const size = (shapes.get(output.logits)! as Shape)
    .slice(1)
    .reduce<number>((product, dim) => product * (dim as number), 1);
  if (vector.length !== size)
    throw targetErrors.similarVector(name, `has ${vector.length} numbers, the output ${size}`);
  if (!vector.every(Number.isFinite)) throw targetErrors.similarVector(name, 'holds values that are not numbers');
  if (vector.every((value) => value === 0)) throw targetErrors.similarVector(name, 'is zero and has no direction');
}

function checkElement(target: Target & { kind: 'element' }, { shapes, types, graph }: TargetFacts): void {
  const { value, at } = target;
  const shape = graph.producers.has(value) ? shapes.get(value) : undefined;
  if (!shape)
    throw targetErrors.unknownValue(
      value,
      graph.outputs.map(({ name }) => name),
    );
  const dims = `'${target.name}' of shape [${shape.map((dim) => (typeof dim === 'number' ? dim : 'N')).join(', ')}]`;
  const text = targetText(target);
  if (!isFloat(types.get(value) ?? 'float32')) throw targetErrors.elementPlace(text, at, dims, 'it holds no floats');
  const [first, ...rest] = shape;
  const perItem = first !== undefined && (first === 1 || (typeof first === 'object' && first.batch === 1));
  if (!perItem || rest.some((dim) => typeof dim !== 'number'))
    throw targetErrors.elementPlace(text, at, dims, 'its first axis does not count the pictures');
  if (at.length !== rest.length)
    throw targetErrors.elementPlace(text, at, dims, `${at.length} numbers for ${rest.length}`);
  at.forEach((index, axis) => {
    if (!Number.isInteger(index) || index < 0 || index >= (rest[axis] as number))
      throw targetErrors.elementPlace(text, at, dims, `${index} is not below ${rest[axis]}`);
  });
}
