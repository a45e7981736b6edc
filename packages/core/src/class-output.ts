import { isStatic, type Shape } from '@seewhy/autodiff';
import { type DataType, type Graph, isFloat, type Value } from '@seewhy/onnx';
import { errors } from './errors.ts';

/** The output that is explained. */
export interface ClassOutput {
  /** Name of the model's output. */
  readonly name: string;
  readonly classes: number;
  /** The squashing function at the model's end; undefined when it ends in logits (or in a regression value). */
  readonly activation: 'softmax' | 'sigmoid' | undefined;
  /** Value before the activation: what a target means by default. */
  readonly logits: string;
  /** Value after it; undefined when the model ends in logits. */
  readonly probability: string | undefined;
  /** Axis of the classes in both. */
  readonly axis: number;
  /** One sigmoid output: class 1 is its positive, class 0 its negative side. */
  readonly binary: boolean;
  /** Positions that a class has (segmentation): its score is the mean over them. 1 for classifiers. */
  readonly positions: number;
  /** Of a detector that lists boxes: how many. `classes` is then how many numbers each has, its place among them. */
  readonly boxes?: number | undefined;
  /** The whole output with its pictures along the first axis, where the first axis of the output itself counts something else. */
  readonly picturesFirst?: string | undefined;
}

/** Pixels that a cell of a detector's feature maps steps over. */
const STRIDES = [4, 8, 16, 32, 64, 128];
/** Boxes that a detector makes at each cell, at most. */
const MOST_ANCHORS = 9;
/** Numbers of a box's place. */
const PLACE = 4;

/** Ops that only move or retype what the activation made. */
const MOVES = new Set(['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Cast', 'Dropout']);

/**
 * Finds the class output: the named one, else the first float output with two dimensions, else the first float output; then looks for
 * a softmax or sigmoid at its end, so that a target can mean the value before it.
 * @param picture its size, by which the list of a detector's boxes is known
 * @throws NO_CLASS_OUTPUT
 */
export function findClassOutput(
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
  types: ReadonlyMap<string, DataType>,
  name?: string,
  picture?: { readonly height: number; readonly width: number },
): ClassOutput {
  const floats = graph.outputs.filter(
    (value) => isFloat(types.get(value.name) ?? 'float32') && (shapes.get(value.name)?.length ?? 0) >= 1,
  );
  const wanted = name === undefined ? floats : floats.filter((value) => value.name === name);
  const best = wanted.find((value) => isVector(shapes.get(value.name)!)) ?? wanted[0];
  if (!best)
    throw errors.noOutput(
      name,
      floats.map((value) => value.name),
    );
  const output = describe(graph, shapes, best);
  const list = picture && output.activation === undefined ? boxList(shapes.get(best.name)!, picture) : undefined;
  // Where another output lists the places of the boxes, this one holds their classes.
  const apart = floats.some((value) => value !== best && list && isPlaces(shapes.get(value.name)!, list.boxes));
  return list && !apart ? { ...output, ...list } : output;
}

/** `[N, boxes, 4]` or `[N, 4, boxes]`. */
function isPlaces(shape: Shape, boxes: number): boolean {
  const [, a, c] = shape;
  return shape.length === 3 && ((a === boxes && c === PLACE) || (a === PLACE && c === boxes));
}

/** `[N, boxes, numbers]` or `[N, numbers, boxes]`, with as many boxes as feature maps of several strides have cells. */
function boxList(shape: Shape, picture: { readonly height: number; readonly width: number }) {
  const [, a, c] = shape;
  if (shape.length !== 3 || typeof a !== 'number' || typeof c !== 'number') return undefined;
  const counts = anchorCounts(picture);
  const axis = counts.has(c) && (c > a || !counts.has(a)) ? 1 : 2;
  const [classes, boxes] = axis === 1 ? [a, c] : [c, a];
  return counts.has(boxes) && classes > PLACE ? { axis, classes, boxes, positions: boxes } : undefined;
}

function anchorCounts({ height, width }: { readonly height: number; readonly width: number }): Set<number> {
  const cells = STRIDES.map((stride) => Math.ceil(height / stride) * Math.ceil(width / stride));
  const counts = new Set<number>();
  for (let first = 0; first < cells.length; first++) {
    let sum = cells[first]!;
    for (const more of cells.slice(first + 1)) {
      sum += more;
      for (let anchors = 1; anchors <= MOST_ANCHORS; anchors++) counts.add(anchors * sum);
    }
  }
  return counts;
}

/** `[N, K]`, or `[N, K, 1, 1]` with K anywhere behind the batch. */
function isVector(shape: Shape): boolean {
  return shape.length >= 2 && shape.slice(1).filter((dim) => dim !== 1).length <= 1;
}

function describe(graph: Graph, shapes: ReadonlyMap<string, Shape>, output: Value): ClassOutput {
  let value = output.name;
  let node = graph.producers.get(value);
  while (node && MOVES.has(node.op) && node.domain === '') {
    value = node.inputs[0]!;
    node = graph.producers.get(value);
  }
  const kind = node?.domain === '' ? node.op : '';
  const squashed = kind === 'Softmax' || kind === 'LogSoftmax' ? 'softmax' : kind === 'Sigmoid' ? 'sigmoid' : undefined;
  const logits = squashed ? node!.inputs[0]! : output.name;
  const shape = shapes.get(logits) ?? shapes.get(output.name)!;
  const axis = classAxis(shape, squashed === 'softmax' ? node!.attribute.int('axis', -1) : undefined);
  const classes = shape[axis];
  const others: Shape = shape.filter((_, index) => index !== axis && index !== 0);
  // A softmax over something else than classes (attention, distance bins) is not the model's final activation.
  const activation = squashed;
  const size = typeof classes === 'number' ? classes : 1;
  return {
    name: output.name,
    classes: size === 1 && activation === 'sigmoid' ? 2 : size,
    activation,
    logits,
    probability: activation && kind !== 'LogSoftmax' ? node!.outputs[0]! : undefined,
    axis,
    binary: size === 1 && activation === 'sigmoid',
    positions: isStatic(others) ? (others as readonly number[]).reduce((product, dim) => product * dim, 1) : 1,
  };
}

function classAxis(shape: Shape, softmaxAxis: number | undefined): number {
  if (softmaxAxis !== undefined && shape.length > 1) return softmaxAxis < 0 ? softmaxAxis + shape.length : softmaxAxis;
  if (shape.length <= 2) return shape.length - 1;
  const long = shape.map((dim, axis) => ({ dim, axis })).filter(({ dim, axis }) => axis > 0 && dim !== 1);
  if (long.length === 1) return long[0]!.axis;
  // Channels last where the two middle dimensions look like a picture and the last does not.
  if (shape.length === 4 && shape[1] === shape[2] && shape[3] !== shape[2]) return 3;
  return shape.length === 3 ? 2 : 1;
}
