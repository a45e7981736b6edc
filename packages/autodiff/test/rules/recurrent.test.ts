import { type AttributeInput, float, Node, Tensor } from '@seewhy/onnx';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forAll, ints, variable } from '../arbitrary.ts';
import { checkRule, emitted, type OpCase, weights } from '../harness.ts';
import { checkBatched, checkEntries, gradients } from '../variants.ts';

const OPS = ['RNN', 'GRU', 'LSTM'] as const;
const GATES = { RNN: 1, GRU: 3, LSTM: 4 } as const;

const setting = fc.record({
  op: fc.constantFrom(...OPS),
  opset: fc.constantFrom(14, 17, 22),
  direction: fc.constantFrom('forward', 'reverse', 'bidirectional'),
  steps: fc.integer({ min: 1, max: 4 }),
  batch: fc.integer({ min: 1, max: 3 }),
  width: fc.integer({ min: 1, max: 4 }),
  hidden: fc.integer({ min: 1, max: 3 }),
  of: fc.integer({ min: 0, max: 2 }),
  bias: fc.boolean(),
  begins: fc.constantFrom('zero', 'constant', 'variable'),
  late: fc.boolean(),
});
type Setting = typeof setting extends fc.Arbitrary<infer T> ? T : never;

const SETTING: Setting = {
  op: 'LSTM',
  opset: 17,
  direction: 'bidirectional',
  steps: 3,
  batch: 2,
  width: 3,
  hidden: 2,
  of: 0,
  bias: true,
  begins: 'zero',
  late: true,
};

function caseOf(s: Setting): OpCase {
  const directions = s.direction === 'bidirectional' ? 2 : 1;
  const rows = GATES[s.op] * s.hidden;
  const first = [directions, s.batch, s.hidden];
  const begin = (seed: number) =>
    s.begins === 'zero' ? null : s.begins === 'constant' ? { constant: weights(seed, ...first) } : variable(first);
  const states = s.op === 'LSTM' ? 2 : 1;
  const attributes: Record<string, AttributeInput> = { hidden_size: s.hidden, direction: s.direction };
  if (s.op === 'GRU') attributes.linear_before_reset = s.late ? 1 : 0;
  return {
    op: s.op,
    opset: s.opset,
    attributes,
    inputs: [
      variable([s.steps, s.batch, s.width]),
      { constant: weights(1, directions, rows, s.width) },
      { constant: weights(2, directions, rows, s.hidden) },
      s.bias ? { constant: weights(3, directions, 2 * rows) } : null,
      null,
      begin(4),
      ...(states === 2 ? [begin(5)] : []),
    ],
    outputs: 1 + states,
    of: Math.min(s.of, states),
  };
}

describe('RNN, GRU, LSTM', () => {
  it('differences of the layer itself: all directions, any output, first states given or not', () =>
    forAll(setting, async (s) => {
      await checkRule(caseOf(s));
    }));

  it.each(OPS)('%s: every entry of the Jacobian', async (op) => {
    for (const late of [true, false]) await checkEntries(caseOf({ ...SETTING, op, late, begins: 'variable' }));
  });

  it('gradients of all steps and of the last states together', async () => {
    for (const op of OPS) {
      const layer = caseOf({ ...SETTING, op });
      const last = op === 'LSTM' ? ['state', 'memory'] : ['state'];
      const nodes = [
        Node.make(op, ['x0', 'c1', 'c2', 'c3'], ['all', ...last], layer.attributes),
        ...last.map((name) => Node.make('Unsqueeze', [name, 'c4'], [`${name}/steps`])),
        Node.make('Sum', ['all', ...last.map((name) => `${name}/steps`)], ['y0']),
      ];
      await checkRule({ ...layer, inputs: [...layer.inputs.slice(0, 4), ints([0])], outputs: 1, of: 0, nodes });
    }
  });

  it('only the last state is made: the steps are run again for the gradient', async () => {
    for (const op of OPS) {
      const layer = caseOf({ ...SETTING, op });
      const nodes = [Node.make(op, ['x0', 'c1', 'c2', 'c3'], ['', 'y0'], layer.attributes)];
      await checkRule({ ...layer, inputs: layer.inputs.slice(0, 4), outputs: 1, of: 0, nodes });
    }
  });

  it('any number of items', async () => {
    for (const op of OPS) {
      const layer = caseOf({ ...SETTING, op });
      const nodes = [
        Node.make('Transpose', ['x0'], ['steps'], { perm: [1, 0, 2] }),
        Node.make(op, ['steps', 'c1', 'c2', 'c3'], ['y'], layer.attributes),
        Node.make('Transpose', ['y'], ['y0'], { perm: [2, 0, 1, 3] }),
      ];
      const inputs = [variable([2, 3, 3]), ...layer.inputs.slice(1, 4)];
      await checkBatched({ ...layer, inputs, outputs: 1, of: 0, nodes });
    }
  });

  it('one step after the other is a Scan, everything else is done for all steps at once', async () => {
    const lines = (await emitted(caseOf({ ...SETTING, op: 'GRU', direction: 'forward' }))).split('\n');
    expect(lines.filter((line) => line.includes('Scan('))).toHaveLength(1);
    expect(lines.length).toBeLessThan(60);
  });

  it.each([
    ['clips', { clip: float(3) }],
    ['activations', { activations: ['HardSigmoid', 'Tanh', 'Tanh'] }],
    ['coupled', { input_forget: 1 }],
  ])('%s: refused with the reason', async (why, attributes) => {
    const c = caseOf({ ...SETTING, direction: 'forward' });
    await expect(gradients({ ...c, attributes: { ...c.attributes, ...attributes } })).rejects.toThrow(why);
  });

  it('sequences that end early are refused, those of full length are not', async () => {
    const c = caseOf(SETTING);
    const cut = (lengths: number[]): OpCase => ({
      ...c,
      inputs: c.inputs.map((input, index) =>
        index === 4
          ? { constant: new Tensor('int32', [2], Uint8Array.from(lengths.flatMap((n) => [n, 0, 0, 0]))) }
          : input,
      ),
    });
    await checkRule(cut([3, 3]));
    await expect(gradients(cut([3, 2]))).rejects.toThrow(/end at different steps/);
  });
});
