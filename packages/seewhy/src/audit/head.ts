import { type Model, noiseImage, type RunTensor, toFloat32 } from '@seewhy/core';
import { type Graph, GraphBuilder, prepare, Value } from '@seewhy/onnx';
import type { Task } from '@seewhy/report';
import type { Activation } from './activations.ts';
import { auditErrors } from './audit-errors.ts';

/** What the model's scores mean. */
export interface Head {
  readonly task: Task;
  readonly activation: Activation;
  /** Number of classes: two for one output. */
  readonly classes: number;
  /** What was assumed, for people. */
  readonly reason: string;
  /** Set when the graph ends in logits of which each is a class for itself: this activation must be appended, so that targets mean it. */
  readonly append?: 'sigmoid' | 'complement';
}

/** Pictures of noise that tell whether an output without a known activation holds probabilities. */
const NOISES = 4;
/** Operators that end in values of 0..1 when they make probabilities. */
const BOUNDED = /^(HardSigmoid|Clip|Div|Reciprocal|Mul|Min|Softmax|Sigmoid|Where|Gather|Slice|Concat)$/;

/**
 * What the model's head decides.
 * - one sigmoid output, or one value without an activation (a sigmoid is assumed, unless its values are probabilities): binary
 * - softmax over two classes: binary; over more: one of several
 * - several sigmoids: each class for itself
 * - no activation: softmax is assumed, or sigmoids where pictures have several labels; nothing where noise already gives a distribution
 * @param several true when some picture of the data set has several labels, or an empty list of them
 */
export async function headOf(model: Model, several: boolean, asked?: Activation): Promise<Head> {
  const { output } = model;
  const { name, classes } = output;
  if (output.positions > 1)
    throw auditErrors.notAClassifier(name, 'it has a score at each place of the picture (segmentation)');
  if (output.activation !== undefined) {
    if (asked !== undefined && asked !== output.activation)
      throw auditErrors.activationUnfit(asked, name, `ends in a ${output.activation} already`);
    if (output.binary) return { task: 'binary', activation: 'sigmoid', classes: 2, reason: 'one sigmoid output' };
    if (output.activation === 'sigmoid')
      return {
        task: 'multilabel',
        activation: 'sigmoid',
        classes,
        reason: `${classes} sigmoid outputs, each for itself`,
      };
    return { ...oneOfSeveral(classes), activation: 'softmax', reason: `a softmax over ${classes} classes` };
  }
  const values = await noiseScores(model);
  const bounded = values.every((row) => row.every((value) => value >= 0 && value <= 1));
  if (classes === 1) {
    const last = model.graph.producers.get(name)?.op ?? '';
    const activation = asked ?? (bounded && BOUNDED.test(last) ? 'none' : 'sigmoid');
    if (activation === 'softmax')
      throw auditErrors.activationUnfit(activation, name, 'is a single value, whose softmax is always 1');
    return activation === 'none'
      ? { task: 'binary', activation, classes: 2, append: 'complement', reason: 'one output that is a probability' }
      : {
          task: 'binary',
          activation,
          classes: 2,
          append: 'sigmoid',
          reason: `one output without an activation: ${asked ? 'taken as' : 'assumed to be'} a logit, so that its sigmoid is the probability`,
        };
  }
  const sums = values.every((row) => Math.abs(row.reduce((sum, value) => sum + value, 0) - 1) < 1e-3);
  const activation = asked ?? (bounded && sums ? 'none' : several ? (bounded ? 'none' : 'sigmoid') : 'softmax');
  const assumed = asked ? '' : ', assumed';
  if (activation === 'none')
    return {
      ...(several && !sums ? { task: 'multilabel', classes } : oneOfSeveral(classes)),
      activation,
      reason: `${classes} outputs that are probabilities already${asked ? '' : ' (they are so for noise)'}`,
    };
  if (activation === 'sigmoid')
    return {
      task: 'multilabel',
      classes,
      activation,
      append: 'sigmoid',
      reason: `${classes} logits, each with a sigmoid${assumed && `${assumed} because pictures have several labels`}`,
    };
  return { ...oneOfSeveral(classes), activation, reason: `${classes} logits, with a softmax${assumed}` };
}

const oneOfSeveral = (classes: number): { task: Task; classes: number } => ({
  task: classes === 2 ? 'binary' : 'multiclass',
  classes,
});

async function noiseScores(model: Model): Promise<Float32Array[]> {
  const session = await model.runtime.open(model.graph, { optimization: 'disabled' });
  try {
    const rows: Float32Array[] = [];
    for (let seed = 0; seed < NOISES; seed++) {
      const noise = contrasted(noiseImage(model, seed), 4 ** (seed - 1));
      const results = await session.run(model.feeds([noise]), [model.output.name]);
      rows.push(toFloat32(results[model.output.name]!));
    }
    return rows;
  } finally {
    await session.release();
  }
}

/** The same noise, stronger or weaker: scores of one strength alone may lie between 0 and 1 by chance. */
function contrasted(tensor: RunTensor, by: number): RunTensor {
  return tensor.type === 'float32' ? { ...tensor, data: (tensor.data as Float32Array).map((x) => x * by) } : tensor;
}

/**
 * The graph with the activation that was found missing behind the named output: a sigmoid, or (`complement`, of one probability p) the
 * pair 1 − p, p. The output keeps its place and gets another name.
 */
export function withHead(
  source: Graph,
  output: string,
  append: NonNullable<Head['append']>,
): { graph: Graph; output: string } {
  const graph = prepare(source);
  const b = new GraphBuilder(graph, { prefix: 'audit' });
  const type = graph.outputs.find(({ name }) => name === output)?.type ?? 'float32';
  const value =
    append === 'sigmoid'
      ? b.op('Sigmoid', [output], {}, 'probability')
      : b.op(
          'Concat',
          [b.op('Sub', [b.scalar(1, type), output], {}, 'complement'), output],
          { axis: -1 },
          'probabilities',
        );
  const built = b.build();
  const outputs = built.outputs.map((one) => (one.name === output ? new Value(value, type) : one));
  return { graph: built.with({ outputs }), output: value };
}

/** Probabilities of the classes, in the model's order, from the scores before the activation. One output gives two classes. */
export function probabilitiesOf(scores: ArrayLike<number>, activation: Activation): Float64Array {
  if (activation === 'none') return Float64Array.from(scores);
  if (activation === 'sigmoid') {
    if (scores.length !== 1) return Float64Array.from(scores, sigmoid);
    // Of each side by its own exponential: 1 − p loses the small one's digits.
    return Float64Array.of(sigmoid(-scores[0]!), sigmoid(scores[0]!));
  }
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < scores.length; i++) most = Math.max(most, scores[i]!);
  const powers = Float64Array.from(scores, (score) => Math.exp(score - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
