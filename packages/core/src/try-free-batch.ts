import { freeBatch, type Graph } from '@seewhy/onnx';
import { declaredBatch } from './declared-batch.ts';
import type { ImageInput } from './image-input.ts';
import { type Probe, probe } from './probe.ts';
import { twoItems } from './probe-feeds.ts';
import type { RunTensor, Runtime } from './runtime/runtime.ts';
import { toFloat32 } from './tensors.ts';

/** Probes at one and two items; a graph with a fixed batch of 1 is rewritten first, and used only if it then gives the same outputs. */
export async function tryFreeBatch(
  runtime: Runtime,
  graph: Graph,
  image: ImageInput,
  one: Readonly<Record<string, RunTensor>>,
) {
  const { other, two } = twoItems(image, one);
  const fixed = (single: Probe, batchReason: string) => ({
    graph,
    shapes: single.shapes,
    batch: 'fixed' as const,
    batchReason,
    notice: undefined,
  });
  if (image.declaredBatch === 'free') {
    const direct = await probe(runtime, graph, one, two);
    if (direct.batch === 'free' && (await sameTogether(runtime, graph, one, other, two)))
      return { graph, shapes: direct.shapes, batch: 'free' as const, batchReason: '', notice: undefined };
    if (direct.batch === 'free')
      return fixed(
        await probe(runtime, graph, one),
        "run together, pictures change each other's outputs (dynamic quantisation shares one scale among them)",
      );
  }
  const single = await probe(runtime, graph, one);
  const freed = freeBatch(graph, {
    shapes: single.shapes as ReadonlyMap<string, readonly number[]>,
    inputs: Object.keys(one),
  });
  if (!freed.freed) return fixed(single, freed.reason ?? 'the graph does not allow another batch');
  const probed = await probe(runtime, freed.graph, one, two).catch(() => undefined);
  if (probed?.batch !== 'free' || !(await sameTogether(runtime, freed.graph, one, other, two)))
    return fixed(single, 'rewritten for a free batch, the graph gave other outputs, so it was left as it is');
  return {
    graph: freed.graph,
    shapes: probed.shapes,
    batch: 'free' as const,
    batchReason: '',
    notice: `Rewrote the fixed batch of ${declaredBatch(graph, image) ?? 1} to a free one; outputs for one and two pictures agree.`,
  };
}

/** Whether two items together give the outputs of each alone. */
async function sameTogether(
  runtime: Runtime,
  graph: Graph,
  one: Readonly<Record<string, RunTensor>>,
  other: Readonly<Record<string, RunTensor>>,
  two: Readonly<Record<string, RunTensor>>,
): Promise<boolean> {
  const session = await runtime.open(graph);
  try {
    const a = await session.run(one);
    const b = await session.run(other);
    const together = await session.run(two);
    return graph.outputs.every(({ name }) => {
      const alone = [...toFloat32(a[name]!), ...toFloat32(b[name]!)];
      const both = toFloat32(together[name]!);
      if (both.length !== alone.length) return false;
      const scale = alone.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
      return both.every((value, index) => Math.abs(value - alone[index]!) <= 1e-3 * scale);
    });
  } catch {
    return false;
  } finally {
    await session.release();
  }
}
