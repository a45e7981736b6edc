import { ortRuntime } from '@seewhy/core';
import * as ort from 'onnxruntime-node';
import { afterEach, describe, expect, it, vi } from 'vitest';
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

describe('a device that is not there', () => {
  const tiny = readFixture('models/tiny-cnn.onnx');

  it.each(['coreml', 'xyz'])('is told by onnxruntime-node: %s', async (device) => {
    await expect(ortRuntime(ort as never, { device }).open(tiny)).rejects.toMatchObject({
      code: 'DEVICE_MISSING',
      what: expect.stringContaining(`'${device}'`),
      cure: expect.stringContaining("'cpu'"),
    });
  });

  it.each([
    [
      'webgpu',
      'no available backend found. ERR: [webgpu] Error: WebGPU is not supported in current environment',
      'wasm',
    ],
    ['webgpu', 'Failed to get a WebGPU adapter: No supported adapters', 'cpu'],
    [
      'wasm',
      'no available backend found. ERR: [wasm] RuntimeError: Aborted(both async and sync fetching failed)',
      'wasmPaths',
    ],
    ['cuda', 'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library', 'driver'],
  ])('%s: %s', async (device, said, cure) => {
    const refusing = {
      InferenceSession: { create: () => Promise.reject(new Error(said)) },
      Tensor: class {},
      env: {},
    };
    await expect(ortRuntime(refusing as never, { device }).open(tiny)).rejects.toMatchObject({
      code: 'DEVICE_MISSING',
      what: expect.stringContaining(said),
      cure: expect.stringContaining(cure),
    });
  });

  it.each([
    ['Fatal error: adapter.norm is not a registered function/op', 'newer than the runtime'],
    [
      'Type Error: Type parameter (T) of Optype (Div) bound to different types (tensor(float16) and tensor(float) in node (/attn/Div).',
      'contradict each other',
    ],
  ])('is not what a broken model is told: %s', async (said, cure) => {
    const refusing = {
      InferenceSession: { create: () => Promise.reject(new Error(said)) },
      Tensor: class {},
      env: {},
    };
    await expect(ortRuntime(refusing as never).open(tiny)).rejects.toMatchObject({
      code: 'RUNTIME_REFUSED',
      what: expect.not.stringMatching(/\.$/),
      cure: expect.stringContaining(cure),
    });
  });
});

describe('half precision where the platform has Float16Array', () => {
  /** Stands for it where it is missing. */
  class Half {
    readonly bits: Uint16Array;
    constructor(buffer: ArrayBuffer, offset: number, length: number) {
      this.bits = new Uint16Array(buffer, offset, length);
    }
  }

  /** A module that keeps what it is fed; as the real one's, its tensors refuse anything but Float16Array, and have `data` from their class. */
  const keeping = (versions: Record<string, string>) => {
    const fed: { data: unknown }[] = [];
    class OrtTensor {
      readonly #data: unknown;
      constructor(_: string, data: unknown) {
        if (!(data instanceof Half)) throw new TypeError("A float16 tensor's data must be type of Float16Array");
        this.#data = data;
      }
      get data(): unknown {
        return this.#data;
      }
    }
    const run = async ({ x }: { x: OrtTensor }) => {
      fed.push(x);
      return {};
    };
    const create = async () => ({ run, release: async () => undefined });
    return { fed, module: { InferenceSession: { create }, Tensor: OrtTensor, env: { versions } } };
  };

  it.each([
    ['onnxruntime-node reads the bits, for it finds a Float16Array empty', { node: '1.30.0' }, Uint16Array],
    ['onnxruntime-web reads the Float16Array', { web: '1.30.0' }, Half],
  ])('%s', async (_, versions, kind) => {
    vi.stubGlobal('Float16Array', Half);
    try {
      const { fed, module } = keeping(versions);
      const session = await ortRuntime(module as never).open(readFixture('models/tiny-cnn.onnx'));
      const data = Uint16Array.of(0x3c00, 0xc000);
      await session.run({ x: { type: 'float16', dims: [2], data } });
      const read = fed[0]!.data;
      expect(read).toBeInstanceOf(kind);
      expect(read instanceof Half ? read.bits : read).toEqual(data);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe('the telemetry of ONNX Runtime', () => {
  afterEach(() => vi.unstubAllEnvs());

  it.each([
    [undefined, '1'],
    ['0', '0'],
    ['1', '1'],
  ])('where the environment says %s, the first session finds %s', (before, after) => {
    vi.stubEnv('ORT_DISABLE_TELEMETRY', before);
    ortRuntime(failing(''));
    expect(process.env.ORT_DISABLE_TELEMETRY).toBe(after);
  });
});
