import {
  chooseMethods,
  compileExplained,
  explain,
  findMethod,
  graphMethods,
  Model,
  noiseImage,
  TOP,
  verify,
} from '@seewhy/core';
import { Graph, Node, Tensor, Value } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { relativeError, runtime } from './support.ts';

const [HEIGHT, STEPS, CLASSES] = [4, 6, 5];

/** weight[class][channel][y]: a linear reader of columns, so that every gradient is known. */
const WEIGHT = Float32Array.from({ length: CLASSES * 3 * HEIGHT }, (_, i) => Math.sin(7 * i + 1));

/** What text recognisers do: classes of each column of the picture, steps first. */
function reader(last: 'steps, N, classes' | 'steps, classes', softmax = false): Graph {
  const end = softmax ? 'raw' : 'text';
  const nodes = [
    Node.make('Conv', ['x', 'w'], ['columns']),
    Node.make('Squeeze', ['columns', 'axis'], ['lines']),
    ...(last === 'steps, N, classes'
      ? [Node.make('Transpose', ['lines'], [end], { perm: [2, 0, 1] })]
      : [
          Node.make('Transpose', ['lines'], ['turned'], { perm: [2, 0, 1] }),
          Node.make('Reshape', ['turned', 'flat'], [end]),
        ]),
    ...(softmax ? [Node.make('Softmax', [end], ['text'], { axis: -1 })] : []),
  ];
  return new Graph({
    opsets: new Map([['', 17]]),
    inputs: [new Value('x', 'float32', [1, 3, HEIGHT, STEPS])],
    outputs: [new Value('text', 'float32')],
    initializers: new Map([
      ['w', Tensor.floats(WEIGHT, [CLASSES, 3, HEIGHT, 1])],
      ['axis', Tensor.int64([2])],
      ['flat', Tensor.int64([STEPS, CLASSES])],
    ]),
    nodes,
  });
}

/** ∂ score / ∂ x: the weights of the class in each column, times how much of the score the step is. */
const gradient = (ofClass: number, share: (step: number) => number) =>
  Float32Array.from({ length: 3 * HEIGHT * STEPS }, (_, i) => {
    const [row, step] = [Math.floor(i / STEPS), i % STEPS];
    return WEIGHT[ofClass * 3 * HEIGHT + row]! * share(step);
  });

async function raw(model: Model, targets: string): Promise<Float32Array> {
  const [explanation] = (await explain(model, [noiseImage(model, 3)], { targets, methods: ['saliency'] }))[0]!;
  return explanation!.raw[0]!.data as Float32Array;
}

describe.each(['steps, N, classes', 'steps, classes'] as const)('an output of [%s]', (last) => {
  it.each([false, true])('is explained at all steps, softmax %s', async (softmax) => {
    const model = await Model.load(reader(last, softmax), { runtime });
    expect(model.output).toMatchObject({ name: 'text', classes: CLASSES, positions: STEPS });
    expect(await raw(model, '2')).toSatisfy((map: Float32Array) => {
      return (
        relativeError(
          map,
          gradient(2, () => 1 / STEPS),
        ) < 1e-5
      );
    });
    expect(model.notices.join()).toContain(`'text' has ${STEPS} positions of ${CLASSES} classes`);
  });

  it('is explained at one step', async () => {
    const model = await Model.load(reader(last), { runtime });
    const map = await raw(model, 'text[4,1]');
    expect(
      relativeError(
        map,
        gradient(1, (step) => (step === 4 ? 1 : 0)),
      ),
    ).toBeLessThan(1e-5);
  });

  it('is verified, and compiled with the model’s own output as it was', async () => {
    const model = await Model.load(reader(last), { runtime });
    const image = noiseImage(model, 5);
    expect((await verify(model, image)).passed).toBe(true);
    const methods = graphMethods(chooseMethods([findMethod('saliency')]));
    const compiled = compileExplained(model, { methods, layers: [], target: TOP, score: 'logit' });
    const [own, explained] = await Promise.all([runtime.open(reader(last)), runtime.open(compiled)]);
    const before = (await own.run({ x: image })).text!;
    const after = (await explained.run({ x: image })).text!;
    await Promise.all([own.release(), explained.release()]);
    expect(after.dims).toEqual(before.dims);
    expect(after.data).toEqual(before.data);
  });
});
