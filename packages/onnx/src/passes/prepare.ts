import type { Graph } from '../graph.ts';
import { ceilAsPads } from './ceil-as-pads.ts';
import type { FoldOptions } from './fold.ts';
import { foldBranches } from './fold-branches.ts';
import { inlineFunctions } from './inline-functions.ts';
import { removeDeadNodes } from './remove-dead-nodes.ts';
import { sortNodes } from './sort-nodes.ts';
import { upgrade } from './upgrade.ts';

/**
 * The passes everything else expects to have run, in their order: functions inlined, opset 13 at least, constants folded, If nodes
 * with a constant condition inlined, dead nodes removed, nodes in topological order, no `ceil_mode` where pads say the same.
 */
export function prepare(graph: Graph, options: FoldOptions = {}): Graph {
  return ceilAsPads(removeDeadNodes(foldBranches(upgrade(inlineFunctions(sortNodes(graph))), options)));
}
