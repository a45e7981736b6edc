import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readGraph } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';

const file = fileURLToPath(new URL('../../../fixtures/models/tiny-vit.onnx', import.meta.url));

describe('a Node Buffer as the model', () => {
  it('gives the tensors that plain bytes give, at any offset', () => {
    const bytes = readFileSync(file);
    const expected = readGraph(new Uint8Array(bytes));
    const shifted = Buffer.concat([Buffer.alloc(3), bytes]).subarray(3);
    for (const given of [bytes, shifted]) {
      const graph = readGraph(given);
      expect(graph.initializers.size).toBe(expected.initializers.size);
      for (const [name, tensor] of expected.initializers)
        expect(graph.initializers.get(name)!.data(), name).toEqual(tensor.data());
    }
  });
});
