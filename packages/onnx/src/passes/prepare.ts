import type { Graph } from '../graph.ts';
import { type FoldOptions, fold } from './fold.ts';
import { inlineFunctions } from './inline-functions.ts';
import { inlineIf } from './inline-if.ts';
import { removeDeadNodes } from './remove-dead-nodes.ts';
import { sortNodes } from './sort-nodes.ts';
import { upgrade } from './upgrade.ts';

/** A branch can hold an If whose condition only folds once the branch is inlined: a few rounds are enough for any exporter. */
const MAX_ROUNDS = 16;

/**
 * The passes everything else expects to have run, in their order: functions inlined, opset 13 at least, constants folded, If nodes
 * with a constant condition inlined, dead nodes removed, nodes in topological order.
 */
export function prepare(graph: Graph, options: FoldOptions = {}): Graph {
  let result = fold(upgrade(inlineFunctions(sortNodes(graph))), options);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const inlined = inlineIf(result);
    if (inlined === result) break;
    result = fold(inlined, options);
  }
  return removeDeadNodes(result);
}
