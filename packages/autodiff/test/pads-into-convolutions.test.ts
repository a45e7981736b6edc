import { type AttributeInput, Node, Tensor } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { padsIntoConvolutions } from '../src/pads-into-convolutions.ts';
import { checkRule, emitted, type OpCase, opGraph, weights } from './harness.ts';

interface Case {
  /** Of the Pad: begins, then ends. */
  pads: readonly number[];
  axes?: readonly number[];
  value?: number;
  mode?: string;
  /** Of the convolution. */
  conv?: Record<string, AttributeInput>;
  channels?: number;
}

const sizes = [2, 4, 9, 8] as const;

/** Pad, then a convolution; x1 … are constants c1 …. */
function padded({ pads, axes, value, mode, conv = {}, channels = 4 }: Case): OpCase {
  const groups = (conv.group as number | undefined) ?? 1;
  return {
    op: 'Conv',
    opset: 18,
    inputs: [
      { variable: [...sizes] },
      { constant: weights(2, groups > 1 ? groups : 8, channels / groups, 3, 3) },
      { constant: Tensor.int64(pads) },
      value === undefined ? null : { constant: Tensor.floats([value], []) },
      axes ? { constant: Tensor.int64(axes) } : null,
    ],
    nodes: [
      Node.make('Pad', ['x0', 'c2', value === undefined ? '' : 'c3', axes ? 'c4' : ''], ['p'], mode ? { mode } : {}),
      Node.make('Conv', ['p', 'c1'], ['y0'], conv),
    ],
  };
}

const same = [0, 0, 1, 2, 0, 0, 2, 1];

const MERGED: Record<string, readonly [Case, string]> = {
  'all axes': [{ pads: same }, '1,2,2,1'],
  'at stride 2, on one side': [{ pads: [0, 0, 0, 0, 0, 0, 1, 1], conv: { strides: [2, 2] } }, '0,0,1,1'],
  'depthwise, at stride 2': [{ pads: same, conv: { strides: [2, 2], group: 4 } }, '1,2,2,1'],
  'a zero given': [{ pads: same, value: 0 }, '1,2,2,1'],
  'axes given': [{ pads: [1, 2, 3, 0], axes: [-1, 2] }, '2,1,0,3'],
  'pads of its own': [{ pads: same, conv: { pads: [1, 0, 0, 1], dilations: [2, 1] } }, '2,2,2,2'],
  'auto_pad VALID': [{ pads: same, conv: { auto_pad: 'VALID', strides: [2, 1] } }, '1,2,2,1'],
  'wider than the kernel reaches': [{ pads: [0, 0, 4, 0, 0, 0, 0, 5] }, '4,0,0,5'],
};

const LEFT: Record<string, Case> = {
  'another value': { pads: same, value: 0.5 },
  'borders that repeat the inside': { pads: same, mode: 'reflect' },
  'further channels': { pads: [0, 1, 1, 1, 0, 1, 1, 1], channels: 6 },
  'further items': { pads: [1, 0, 1, 1, 0, 0, 1, 1] },
  'a crop': { pads: [0, 0, -1, 0, 0, 0, 1, 0] },
  'a convolution that pads to the same size': { pads: same, conv: { auto_pad: 'SAME_UPPER', strides: [2, 2] } },
};

describe('padsIntoConvolutions', () => {
  for (const [name, [one, pads]] of Object.entries(MERGED)) {
    it(`${name}: one convolution, whose gradient is that of the two`, async () => {
      const whole = padded(one);
      const graph = padsIntoConvolutions(opGraph(whole), new Set(['x0', 'y0']));
      const convolution = graph.producers.get('y0')!;
      expect(convolution.inputs[0]).toBe('x0');
      expect(convolution.attribute.ints('pads')!.join()).toBe(pads);
      expect(convolution.attribute.has('auto_pad')).toBe(false);
      // The walk's gradient beside the two nodes' own outputs.
      expect(await checkRule(whole, { linear: true })).toBeLessThan(1e-4);
    });
  }

  for (const [name, one] of Object.entries(LEFT)) {
    it(`${name}: left as it is`, async () => {
      const graph = opGraph(padded(one));
      expect(padsIntoConvolutions(graph, new Set())).toBe(graph);
      expect(await checkRule(padded(one), { linear: one.value === undefined })).toBeLessThan(1e-3);
    });
  }

  it('leaves a Pad whose own gradient is asked for, and weights that are computed', () => {
    const graph = opGraph(padded({ pads: same }));
    expect(padsIntoConvolutions(graph, new Set(['p']))).toBe(graph);
    const computed = graph.with({
      nodes: [graph.nodes[0]!, Node.make('Neg', ['c1'], ['w']), Node.make('Conv', ['p', 'w'], ['y0'])],
    });
    expect(padsIntoConvolutions(computed, new Set())).toBe(computed);
  });

  it('spares the borders: nothing is cut off', async () => {
    const lines = await emitted(padded({ pads: [0, 0, 0, 0, 0, 0, 1, 1], conv: { strides: [2, 2] } }));
    expect(lines).toContain('pads=[0, 0, 1, 1]');
    expect(lines).not.toMatch(/Slice|Pad\(/);
  });
});
