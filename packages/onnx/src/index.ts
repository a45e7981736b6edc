export {
  type AttributeInput,
  AttributeReader,
  type Attributes,
  attribute,
  attributesFrom,
  attributeType,
  FloatAttribute,
  float,
} from './attribute.ts';
export { type BuilderOptions, GraphBuilder, type ValueName } from './builder.ts';
export { assertValid, check, type Problem, unknownOperators } from './check.ts';
export { DATA_TYPES, type DataType, dataTypeOf, isFloat } from './data-type.ts';
export { didYouMean, type ErrorFacts, isSeewhyError, nearest, SeewhyError } from './errors.ts';
export { confinedLocation, type ExternalReference, externalLocations, externalReferences } from './external.ts';
export { float16ToFloat32, float32ToFloat16 } from './float16.ts';
export { Graph, type GraphFields } from './graph.ts';
export { inferTypes } from './infer-types.ts';
export { labelLines } from './label-lines.ts';
export { Node, type NodeFields } from './node.ts';
export { type Operator, operators } from './operators.ts';
export type { Shapes } from './passes/evaluator.ts';
export { expose } from './passes/expose.ts';
export { type FoldOptions, fold } from './passes/fold.ts';
export { foldBranches } from './passes/fold-branches.ts';
export { type FreeBatchOptions, type FreeBatchResult, freeBatch } from './passes/free-batch.ts';
export { inferRanks } from './passes/infer-ranks.ts';
export { inlineFunctions } from './passes/inline-functions.ts';
export { inlineIf } from './passes/inline-if.ts';
export { pairQuantised } from './passes/pair-quantised.ts';
export { prepare } from './passes/prepare.ts';
export { promoteConstants } from './passes/promote-constants.ts';
export { removeDeadNodes, removeUnusedInputs } from './passes/remove-dead-nodes.ts';
export { sortNodes } from './passes/sort-nodes.ts';
export { BASE_OPSET, upgrade } from './passes/upgrade.ts';
export { printNode, printNodes } from './print.ts';
export { graphFromModel, type ReadOptions, readGraph, readModel } from './read.ts';
export { type ExternalReader, Tensor, type TensorData } from './tensor.ts';
export { type DeclaredDim, Value } from './value.ts';
export { EXTERNAL_FROM, type ExternalFile, graphToProto, writeExternal, writeGraph, writeShared } from './write.ts';
