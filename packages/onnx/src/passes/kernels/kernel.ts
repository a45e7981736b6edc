import type { Node } from '../../node.ts';
import type { Constant } from './constant.ts';

/** What a kernel may ask about the graph around its node. */
export interface KernelContext {
  readonly opset: number;
  /** Dimensions of a value, null where unknown; undefined when not even their number is known. */
  shape(name: string): readonly (number | null)[] | undefined;
  /** False when a result of that many bytes would be too large to be kept: the node is then left to the runtime. */
  allows(bytes: number): boolean;
}

/**
 * Computes the outputs of a node from constant inputs (undefined where an input is left out or not constant). Returns undefined when
 * it cannot: the node then stays as it is. A kernel must give what the runtime would give, bit by bit.
 */
export type Kernel = (
  node: Node,
  inputs: readonly (Constant | undefined)[],
  context: KernelContext,
) => readonly Constant[] | undefined;
