import { isObject } from '../archive/json.ts';
import { type CallConfig, type LayerConfig, Ref } from './config.ts';

/** One call of a layer: the nth. */
export interface NumberedCall {
  readonly layer: LayerConfig;
  readonly call: CallConfig;
  readonly node: number;
}

/** Name of the results of a layer's nth call. */
export const callKey = (layer: string, node: number) => `${node}:${layer}`;

/**
 * Calls, each behind those whose results it reads (Kahn's algorithm), and those that wait for one another.
 * @param given keys of results that are there before any call
 */
export function callOrder(calls: readonly NumberedCall[], given: ReadonlySet<string>) {
  const known = new Set(calls.map(({ layer, node }) => callKey(layer.name, node)));
  const waiting = new Map<NumberedCall, number>();
  const readers = new Map<string, NumberedCall[]>();
  const order: NumberedCall[] = [];
  for (const one of calls) {
    const needs = new Set(refs([one.call.args, one.call.kwargs]).map((ref) => callKey(ref.layer, ref.node)));
    let open = 0;
    for (const need of needs) {
      // What nothing makes is told when it is read.
      if (given.has(need) || !known.has(need)) continue;
      open++;
      const list = readers.get(need);
      if (list) list.push(one);
      else readers.set(need, [one]);
    }
    waiting.set(one, open);
    if (open === 0) order.push(one);
  }
  // Grows while it is walked through.
  for (const { layer, node } of order)
    for (const reader of readers.get(callKey(layer.name, node)) ?? []) {
      const open = waiting.get(reader)! - 1;
      waiting.set(reader, open);
      if (open === 0) order.push(reader);
    }
  return { order, stuck: calls.filter((one) => waiting.get(one)! > 0) };
}

function refs(value: unknown): Ref[] {
  if (value instanceof Ref) return [value];
  if (Array.isArray(value)) return value.flatMap(refs);
  return isObject(value) ? Object.values(value).flatMap(refs) : [];
}
