import type { Graph, Node } from '@seewhy/onnx';

/** ONNX Runtime's operators on values whose channels lie in blocks, as one machine's kernels like them: in files saved after layout optimisation. */
const DOMAIN = 'com.microsoft.nchwc';

/**
 * Whether a node makes a value in blocks: its shape says `[N, C, h, w]`, its numbers stand in another order. What reads such a value before
 * a ReorderOutput (a residual Add) makes one, too.
 */
export const makesBlocks = (node: Node): boolean => node.domain === DOMAIN && node.op !== 'ReorderOutput';

/** Whether a file was saved after layout optimisation. */
export const hasBlocks = (graph: Graph): boolean => graph.nodes.some(makesBlocks);
