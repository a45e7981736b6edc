import type { Shape } from '@seewhy/autodiff';
import { Graph, Node, Value } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { checkTarget, explain, findClassOutput, noiseImage, parseTargets, TOP, verify } from '../src/index.ts';
import { loadFixture } from './support.ts';

const picture = { height: 640, width: 640 };

/** What is found in outputs of these shapes. */
function found(outputs: Readonly<Record<string, Shape>>, options: { last?: string; size?: typeof picture } = {}) {
  const nodes = Object.keys(outputs).map((name) => Node.make(options.last ?? 'Relu', ['x'], [name]));
  const graph = new Graph({
    inputs: [new Value('x', 'float32', [1, 3, 640, 640])],
    outputs: Object.keys(outputs).map((name) => new Value(name)),
    nodes,
  });
  const shapes = new Map<string, Shape>([['x', Object.values(outputs)[0]!], ...Object.entries(outputs)]);
  return findClassOutput(graph, shapes, new Map(), undefined, options.size ?? picture);
}

describe('the list of a detector', () => {
  it.each([
    ['YOLOv8', [1, 84, 8400], 1],
    ['YOLOv5, three anchors a cell', [1, 25200, 85], 2],
    ['YOLOX', [{ batch: 1 }, 8400, 85], 2],
    ['RetinaNet, nine anchors on five maps', [1, 9 * (6400 + 1600 + 400 + 100 + 25), 94], 2],
  ] as [string, Shape, number][])('%s is known by the cells of its feature maps', (_, shape, axis) => {
    const output = found({ detections: shape });
    const boxes = shape[axis === 1 ? 2 : 1];
    expect(output).toMatchObject({ axis, boxes, positions: boxes, classes: shape[axis] });
  });

  it('of a picture that is not square', () => {
    const size = { height: 384, width: 640 };
    expect(found({ y: [1, 84, 48 * 80 + 24 * 40 + 12 * 20] }, { size }).boxes).toBe(5040);
  });

  it.each([
    ['classes', { y: [1, 8400] }],
    ['tokens of a transformer', { y: [1, 197, 768] }],
    ['characters of a line of text', { y: [1, 40, 97] }],
    ['places alone', { y: [1, 8400, 4] }],
    ['a map of classes', { y: [1, 21, 640, 640] }],
    ['class scores, the places being another output', { scores: [1, 8400, 80], places: [1, 8400, 4] }],
  ] as [string, Record<string, Shape>][])('is not: %s', (_, outputs) => {
    expect(found(outputs).boxes).toBeUndefined();
  });

  it('is not: probabilities of every box', () => {
    const output = found({ y: [1, 8400, 80] }, { last: 'Sigmoid' });
    expect(output.boxes).toBeUndefined();
    expect(output.classes).toBe(80);
  });

  it('has no classes to explain, and says what can be explained instead', async () => {
    const model = await loadFixture('models/tiny-yolo.onnx');
    expect(model.output).toMatchObject({ boxes: 80, classes: 7, axis: 1 });
    for (const target of [
      TOP,
      ...parseTargets('2', model.output, undefined),
      ...parseTargets('1-2', model.output, undefined),
    ])
      expect(() => checkTarget(target, model, 'logit')).toThrow(
        expect.objectContaining({
          code: 'TARGET_IS_A_BOX',
          message: expect.stringMatching(/80 boxes of 7 numbers.*'output\[4,40\]'/),
        }),
      );
    const image = noiseImage(model, 1);
    await expect(explain(model, [image])).rejects.toMatchObject({ code: 'TARGET_IS_A_BOX' });
    await expect(verify(model, image)).rejects.toMatchObject({ code: 'TARGET_IS_A_BOX' });
    const [explanation] = (await explain(model, [image], { targets: 'output[4,40]', methods: ['saliency'] }))[0]!;
    expect(explanation!.raw[0]!.data.some((value) => value !== 0)).toBe(true);
    expect(explanation!.predictions[0]!.probability).toBeNaN();
    expect(explanation!.predictions[0]!.label).toMatch(/^number \d of the boxes$/);
  });
});
