import { describe, expect, it } from 'vitest';
import { ints, variable } from '../arbitrary.ts';
import { checkRule, type OpCase } from '../harness.ts';
import { atRunTime, checkBatched, checkEntries, checkHalf, gradients } from '../variants.ts';

const linear = { linear: true };
const PROFILES = ['native', 'wasm', 'webgpu'] as const;

describe('scatters', () => {
  it('ScatterElements, none and add: data and updates', async () => {
    for (const reduction of ['none', 'add'])
      for (const axis of [1, -2])
        for (const version of [16, 18, 24]) {
          const inputs = [variable([2, 4, 3]), ints([0, 3, 1, -2], [2, 2, 1]), variable([2, 2, 1])];
          const c: OpCase = { op: 'ScatterElements', opset: version, attributes: { axis, reduction }, inputs };
          await checkRule(c, linear);
        }
    const c: OpCase = {
      op: 'ScatterElements',
      opset: 13,
      attributes: { axis: 1 },
      inputs: [variable([2, 4]), ints([0, 3, 1, 2], [2, 2]), variable([2, 2])],
    };
    await checkRule(c, linear);
    await checkEntries(c);
    await checkHalf(c, 1e-2);
  });
  it('ScatterND, none and add: data and updates', async () => {
    for (const reduction of ['none', 'add'])
      for (const version of [16, 18, 24]) {
        const c: OpCase = {
          op: 'ScatterND',
          opset: version,
          attributes: { reduction },
          inputs: [variable([3, 4, 2]), ints([0, 1, 2, 3], [2, 2]), variable([2, 2])],
        };
        await checkRule(c, linear);
      }
    const c: OpCase = {
      op: 'ScatterND',
      opset: 13,
      inputs: [variable([3, 4]), ints([2, 0], [2, 1]), variable([2, 4])],
    };
    await checkRule(c, linear);
    await checkEntries(c);
    await checkBatched({ op: 'ScatterND', inputs: [variable([1, 4]), ints([0], [1, 1]), variable([1, 4])] }, [0, 2]);
  });
  it('adds what is written twice', async () => {
    const c: OpCase = {
      op: 'ScatterElements',
      opset: 18,
      attributes: { reduction: 'add' },
      inputs: [variable([4]), ints([1, 1, 2]), variable([3])],
    };
    expect(await gradients(c, [1, 2, 3, 4])).toEqual({ x0: [1, 2, 3, 4], x2: [2, 2, 3] });
  });
  const values = (dims: readonly number[], numbers: readonly number[]) => ({ variable: dims, values: numbers });
  it.each(['max', 'min', 'mul'])(
    '%s: data and updates, places written several times, once or never',
    async (reduction) => {
      const data = values([2, 4], [0.9, -0.4, 0.55, -1.3, 0.25, 1.6, -0.7, 0.1]);
      const updates = values([2, 5], [0.5, 1.2, -0.8, -0.15, 0.7, -1.1, 0.35, 0.95, -0.55, 1.45]);
      const elements: OpCase = {
        op: 'ScatterElements',
        opset: 18,
        attributes: { axis: 1, reduction },
        inputs: [data, ints([0, 3, 0, -2, 0, 1, 1, -1, 1, 2], [2, 5]), updates],
      };
      const ND: OpCase = {
        op: 'ScatterND',
        opset: 18,
        attributes: { reduction },
        inputs: [
          data,
          ints([1, 0, 1], [3, 1]),
          values([3, 4], [0.5, 1.2, -0.8, -0.15, 0.7, -1.1, 0.35, 0.95, -0.55, 1.45, 0.6, -0.9]),
        ],
      };
      for (const profile of PROFILES)
        for (const opset of [18, 22])
          for (const c of [elements, ND]) {
            await checkRule({ ...c, profile, opset });
            await checkRule(atRunTime({ ...c, profile, opset }));
          }
    },
  );
  // torch.zeros(…).scatter_reduce(0, index, src, 'amax' | 'prod'), include_self, torch 2.13.
  it('max: equal ones share, as in torch', async () => {
    const inputs = [values([4], [2, 1, 5, 0]), ints([0, 0, 1, 1, 1]), values([5], [2, 2, 3, 3, -1])];
    const c: OpCase = { op: 'ScatterElements', opset: 18, attributes: { reduction: 'max' }, inputs };
    const { x0, x2 } = await gradients(c, [3, 4, 5, 6]);
    expect(x0).toEqual([1, 0, 5, 6]);
    expect(x2).toEqual([1, 1, 2, 2, 0]);
  });
  it('mul: with one zero its factor gets the product of the others, with two nobody gets any, as in torch', async () => {
    const inputs = [values([3], [2, 3, 4]), ints([0, 0, 1, 1, 1]), values([5], [0, 5, 0, 0, 7])];
    const c: OpCase = { op: 'ScatterElements', opset: 18, attributes: { reduction: 'mul' }, inputs };
    const { x0, x2 } = await gradients(c, [1, 10, 100]);
    expect(x0).toEqual([0, 0, 100]);
    expect(x2).toEqual([10, 0, 0, 0, 0]);
  });
});
