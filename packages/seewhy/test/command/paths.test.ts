import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Graph, GraphBuilder, Tensor, type ValueName, writeGraph } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { files, folder, photo, seewhy } from './seewhy.ts';

const scratch = folder('paths');
const cat = photo('chelsea.png');
const weights = (dims: number[], seed: number) =>
  Tensor.floats(
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 1.7 + seed) * 0.3),
    dims,
  );

/** conv → relu → mean → linear, with what `between` puts behind the relu and `beside` next to it. */
function network(
  between: (b: GraphBuilder, x: string) => string,
  beside: (b: GraphBuilder, x: string) => void = () => undefined,
): string {
  const b = new GraphBuilder(new Graph({ opsets: new Map([['', 17]]) }));
  const image = b.input('image', 'float32', [1, 3, 16, 16]);
  const features = b.relu(
    b.conv(image, b.constant(weights([4, 3, 3, 3], 1)), { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
  );
  const inside = between(b, features);
  beside(b, inside);
  const logits = b.gemm(b.reduceMean(inside, [2, 3], false), b.constant(weights([4, 3], 2)));
  b.output(logits, 'logits', 'float32', [1, 3]);
  const path = join(scratch, `${Math.random().toString(36).slice(2)}.onnx`);
  writeFileSync(path, writeGraph(b.build()));
  return path;
}

/** x times the determinants of its planes, whose gradient no rule writes. */
const scaled = (b: GraphBuilder, x: ValueName) => b.mul(x, b.unsqueeze(b.op('Det', [x]), [2, 3]));
const run = (model: string, ...more: string[]) =>
  seewhy(['explain', model, cat, '--preprocess', 'unit', '-o', join(scratch, 'out'), '-t', '0', ...more]);

describe('an operator without a backward rule', () => {
  it('on the path to the picture is one error that names it, exit 3', async () => {
    const model = network(scaled);
    const { code, stderr } = await run(model, '-m', 'saliency');
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringMatching(/^error .*'Det'/m) });
  });

  it('off the path does not matter', async () => {
    const beside = network(
      (_, x) => x,
      (b, x) => b.output(scaled(b, x), 'other'),
    );
    expect((await run(beside, '-m', 'saliency,gradcam')).code).toBe(0);
    // Before the layer: Grad-CAM walks back from the classes to the layer only.
    const before = network((b, x) => b.relu(scaled(b, x)));
    expect((await run(before, '-m', 'gradcam')).code).toBe(0);
    expect(files(join(scratch, 'out')).length).toBeGreaterThan(0);
  });
});

describe('a model that is no image classifier', () => {
  it('without an image input says what its inputs are', async () => {
    const b = new GraphBuilder(new Graph({ opsets: new Map([['', 17]]) }));
    b.output(b.relu(b.input('tokens', 'float32', [1, 12])), 'scores', 'float32', [1, 12]);
    const path = join(scratch, 'text.onnx');
    writeFileSync(path, writeGraph(b.build()));
    const { code, stderr } = await run(path);
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining("'tokens [1, 12]'") });
  });

  it('cut off anywhere is one clear error', async () => {
    const whole = writeGraph(new Graph({ opsets: new Map([['', 17]]), name: 'x' }));
    const path = join(scratch, 'cut.onnx');
    for (const size of [0, 3, whole.length - 1]) {
      writeFileSync(path, whole.subarray(0, size));
      const { code, stderr } = await run(path);
      expect({ code, lines: stderr.trim().split('\n').length }).toEqual({ code: 3, lines: 1 });
    }
  });
});
