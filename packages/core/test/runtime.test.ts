import { ortRuntime } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { readFixture } from './support.ts';

/** A module whose sessions open and then fail to run. */
const failing = (said: string) => ({
  InferenceSession: {
    create: async () => ({
      run: async () => {
        throw new Error(said);
      },
      release: async () => undefined,
    }),
  },
  Tensor: class {},
  env: {},
});

describe('what a runtime says when a run fails', () => {
  it.each([
    [
      'bfc_arena.cc:376 AllocateRawInternal Failed to allocate memory for requested buffer of size 9999999',
      'OUT_OF_MEMORY',
    ],
    ['Non-zero status code returned while running Conv node. Status Message: std::bad_alloc', 'OUT_OF_MEMORY'],
    ['Array buffer allocation failed', 'OUT_OF_MEMORY'],
    ['Got invalid dimensions for input: image', 'RUN_FAILED'],
    ['Non-zero status code returned while running node room', 'RUN_FAILED'],
  ])('%s: %s', async (said, code) => {
    const session = await ortRuntime(failing(said)).open(readFixture('models/tiny-cnn.onnx'));
    await expect(session.run({})).rejects.toMatchObject({
      code,
      what: expect.stringContaining(said),
      cure: expect.stringContaining(code === 'OUT_OF_MEMORY' ? '--batch 1' : 'inputs'),
    });
  });
});
