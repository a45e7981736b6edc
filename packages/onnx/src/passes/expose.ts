import { didYouMean, errors } from '../errors.ts';
import type { Graph } from '../graph.ts';
import { Value } from '../value.ts';

/**
 * Makes values outputs, after the outputs there are; a name that is one already is left alone. The new outputs are declared
 * without type: runtimes infer it, and refuse a wrong one.
 * @throws VALUE_UNKNOWN with the nearest names
 */
export function expose(graph: Graph, names: readonly string[]): Graph {
  const known = graph.valueNames;
  const already = new Set(graph.outputs.map((output) => output.name));
  const added: Value[] = [];
  for (const name of names) {
    if (!known.has(name) || name === '') throw errors.noValue(name, didYouMean(name, known));
    if (already.has(name)) continue;
    already.add(name);
    added.push(new Value(name));
  }
  return added.length === 0 ? graph : graph.with({ outputs: [...graph.outputs, ...added] });
}
