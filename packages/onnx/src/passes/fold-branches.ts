import type { Graph } from '../graph.ts';
import { type FoldOptions, fold } from './fold.ts';
import { inlineIf } from './inline-if.ts';

/** A branch can hold an If whose condition only folds once the branch is inlined: a few rounds are enough for any exporter. */
const MAX_ROUNDS = 16;

/** Constants folded, and each If whose condition is a constant then replaced by the branch that runs, until nothing more follows. */
export function foldBranches(graph: Graph, options: FoldOptions = {}): Graph {
  let result = fold(graph, options);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const inlined = inlineIf(result);
    if (inlined === result) break;
    result = fold(inlined, options);
  }
  return result;
}
