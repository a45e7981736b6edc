import type { Graph, Node } from '@seewhy/onnx';

/**
 * The name people know a node by: the module path of the training framework, as the exporter left it.
 * - TorchScript exporter: `/layer4/layer4.2/relu_2/Relu_output_0` → `layer4.2.relu_2`
 * - dynamo exporter: the node's `pkg.torch.onnx.name_scopes` metadata
 * - tf2onnx: `StatefulPartitionedCall/mobilenet/block_13_expand/Conv2D:0` → `block_13_expand`
 * - dynamo exporter, outside of all modules (`slice_2`): the module behind which it stands, and the op: `norm/Slice`
 * - else the value's own name
 */
export function scopeOf(node: Node, value: string, graph: Graph): string {
  const dynamo = dynamoScope(node);
  if (dynamo === '') return behindModule(node, graph) ?? value;
  return dynamo ?? torchScope(value) ?? tensorflowScope(value) ?? value;
}

/** The nearest module before a node, along first inputs. */
function behindModule(node: Node, graph: Graph): string | undefined {
  const seen = new Set<Node>();
  for (let from = graph.producers.get(node.inputs[0]!); from && !seen.has(from); ) {
    seen.add(from);
    const scope = dynamoScope(from);
    if (scope) return `${scope}/${node.op}`;
    from = graph.producers.get(from.inputs[0] ?? '');
  }
  return undefined;
}

/** The innermost module; the empty string outside of all, undefined where the dynamo exporter did not write it. */
function dynamoScope(node: Node): string | undefined {
  const entry = node.origin?.metadataProps.find(({ key }) => key === 'pkg.torch.onnx.name_scopes');
  if (!entry) return undefined;
  const scopes = [...entry.value.matchAll(/'([^']*)'/g)].map((match) => match[1]!);
  // The last entry is the operation itself; the one before it the innermost module.
  const inner = scopes.slice(0, -1).reverse();
  return inner.length === 0 ? undefined : (inner.find((scope) => scope !== '') ?? '');
}

function torchScope(value: string): string | undefined {
  // ONNX Runtime's quantiser adds its own suffix to the value that it wraps.
  const plain = value.replace(/_(DequantizeLinear|QuantizeLinear)_(Output|Input)(_\d+)?$/, '');
  if (!plain.startsWith('/') || !/_output_\d+$/.test(plain)) return undefined;
  const parts = plain.slice(1).split('/').slice(0, -1);
  if (parts.length === 0) return undefined;
  return parts.reduce((scope, part) => (part === scope || part.startsWith(`${scope}.`) ? part : `${scope}.${part}`));
}

/** Names TensorFlow gives to the operation inside a layer. */
const TENSORFLOW_OP =
  /^(Conv2D|BiasAdd|Relu6?|FusedBatchNormV3|depthwise|separable_conv2d|MatMul|mul(_\d+)?|add(_\d+)?|AddV2|Add|Mul|Sigmoid|Softmax|MaxPool|AvgPool|Mean|Pad|concat|ConvTranspose|conv2d_transpose|LayerNorm|Erf|Tanh|truediv|batchnorm)/i;

function tensorflowScope(value: string): string | undefined {
  if (!/:\d+$/.test(value) || !value.includes('/')) return undefined;
  const parts = value
    .replace(/:\d+$/, '')
    .split('/')
    .filter(
      (part) =>
        part !== '' && !/^(StatefulPartitionedCall|PartitionedCall|model|functional|sequential)(_\d+)?$/i.test(part),
    );
  while (parts.length > 1 && TENSORFLOW_OP.test(parts[parts.length - 1]!)) parts.pop();
  // What is left begins with the model's own name where the layer sits inside it.
  return parts.length > 1 ? parts.slice(1).join('/') : parts[0];
}
