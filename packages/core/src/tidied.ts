import { gatesOnce } from '@seewhy/autodiff';
import { type Graph, removeDeadNodes } from '@seewhy/onnx';

/** A program as it was built, without what its outputs do not need and without gates that are made twice. */
export const tidied = (program: Graph): Graph => gatesOnce(removeDeadNodes(program));
