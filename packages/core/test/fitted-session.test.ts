import { Graph, Node, Value } from '@seewhy/onnx';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openFitted } from '../src/runtime/fitted-session.ts';
import type { RunTensor, Runtime } from '../src/runtime/runtime.ts';

/** A runtime with a clock of its own: opening takes 10 ms, a run 30. */
function watched(profile: Runtime['profile'] = 'native') {
  const log: string[] = [];
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const runtime: Runtime = {
    name: 'watched',
    profile,
    open: async (graph) => {
      now += 10;
      const label = graph.inputs[0]!.shape!.join('x');
      log.push(`open ${label}`);
      return {
        run: async () => {
          now += 30;
          log.push(`run ${label}`);
          return {};
        },
        release: async () => {
          log.push(`release ${label}`);
        },
      };
    },
  };
  return { runtime, log };
}

const graph = new Graph({
  opsets: new Map([['', 17]]),
  inputs: [new Value('x', 'float32', ['N', 2])],
  outputs: [new Value('y')],
  nodes: [Node.make('Relu', ['x'], ['y'])],
});
/** The same, or for the sizes that are fed. */
const build = (feeds?: Record<string, RunTensor>) =>
  feeds ? graph.with({ inputs: graph.inputs.map((input) => input.withShape(feeds[input.name]!.dims)) }) : graph;
const often = { build, only: false, faster: true };
const batch = (n: number): Record<string, RunTensor> => ({
  x: { type: 'float32', dims: [n, 2], data: new Float32Array(2 * n) },
});

describe('openFitted', () => {
  afterEach(() => vi.restoreAllMocks());

  it('gives a batch a session of its own when its runs have taken eight times as long as opening', async () => {
    const { runtime, log } = watched();
    const session = await openFitted(runtime, often);
    for (let i = 0; i < 5; i++) await session.run(batch(4));
    await session.run(batch(3));
    await session.release();
    expect(log).toEqual([
      'open Nx2',
      ...Array(3).fill('run Nx2'),
      'open 4x2',
      ...Array(2).fill('run 4x2'),
      'run Nx2',
      'release Nx2',
      'release 4x2',
    ]);
  });

  it('keeps one such session: another batch that comes twice as often takes its place', async () => {
    const { runtime, log } = watched();
    const session = await openFitted(runtime, often);
    for (let i = 0; i < 4; i++) await session.run(batch(4));
    for (let i = 0; i < 7; i++) await session.run(batch(8));
    expect(log.slice(-5)).toEqual(['run Nx2', 'run Nx2', 'release 4x2', 'open 8x2', 'run 8x2']);
  });

  it('does not take turns: a batch that comes now and then leaves the session to the one that comes between', async () => {
    const { runtime, log } = watched();
    const session = await openFitted(runtime, often);
    for (let i = 0; i < 4; i++) await session.run(batch(4));
    for (let i = 0; i < 10; i++) {
      await session.run(batch(8));
      await session.run(batch(4));
    }
    expect(log.filter((line) => line.startsWith('open'))).toEqual(['open Nx2', 'open 4x2']);
  });

  it('opens nothing more where sizes make no other graph and the runtime gains nothing by them', async () => {
    const { runtime, log } = watched();
    const session = await openFitted(runtime, { ...often, faster: false });
    for (let i = 0; i < 10; i++) await session.run(batch(4));
    expect(log.filter((line) => line.startsWith('open'))).toEqual(['open Nx2']);
    const other = (feeds?: Record<string, RunTensor>) => {
      const made = build(feeds);
      return feeds ? made.with({ nodes: [...made.nodes, Node.make('Relu', ['y'], ['z'])] }) : made;
    };
    const gains = watched();
    const worth = await openFitted(gains.runtime, { build: other, only: false, faster: false });
    for (let i = 0; i < 10; i++) await worth.run(batch(4));
    expect(gains.log.filter((line) => line.startsWith('open'))).toEqual(['open Nx2', 'open 4x2']);
  });

  it('feeds a session what it has inputs for', async () => {
    const fed: string[][] = [];
    const runtime: Runtime = {
      ...watched().runtime,
      open: async () => ({
        run: async (feeds) => {
          fed.push(Object.keys(feeds));
          return {};
        },
        release: async () => {},
      }),
    };
    const more = { ...batch(2), spare: batch(2).x! };
    for (const only of [false, true]) await (await openFitted(runtime, { ...often, only })).run(more);
    await (await openFitted({ ...runtime, profile: 'wasm' }, often)).run(more);
    expect(fed).toEqual([['x'], ['x'], ['x']]);
  });

  it('opens nothing else where every run has the same batch', async () => {
    const { runtime, log } = watched();
    const session = await openFitted(runtime, { ...often, only: true });
    await session.run(batch(1));
    await session.run(batch(1));
    expect(log).toEqual(['open 1x2', 'run 1x2', 'run 1x2']);
  });

  it('is an ordinary session for other runtimes', async () => {
    const { runtime, log } = watched('wasm');
    const session = await openFitted(runtime, { ...often, only: true });
    for (let i = 0; i < 5; i++) await session.run(batch(4));
    expect(log.filter((line) => line.startsWith('open'))).toEqual(['open Nx2']);
  });
});
