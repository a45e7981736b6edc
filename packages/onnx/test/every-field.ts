import { create } from '@bufbuild/protobuf';
import { attribute, float } from '../src/index.ts';
import {
  AttributeProto_AttributeType,
  type ModelProto,
  ModelProtoSchema,
  TensorProto_DataType,
} from '../src/proto/onnx-ml_pb.ts';

/** Raw data of a float32 tensor. */
export const raw = (values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const entry = (key: string, value: string) => ({ key, value });
const tensorType = (elemType: number, ...dims: (bigint | string)[]) => ({
  value: {
    case: 'tensorType' as const,
    value: {
      elemType,
      shape: {
        dim: dims.map((dim) => ({
          denotation: 'DATA_BATCH',
          value:
            typeof dim === 'string'
              ? { case: 'dimParam' as const, value: dim }
              : { case: 'dimValue' as const, value: dim },
        })),
      },
    },
  },
  denotation: 'IMAGE',
});

/** A model with something in every field that ONNX has. */
export function everything(): ModelProto {
  const tensor = (name: string) => ({
    name,
    dataType: TensorProto_DataType.FLOAT,
    dims: [2n],
    rawData: raw([1, 2]),
    docString: `what ${name} is`,
    metadataProps: [entry('layer', name)],
  });
  const sparse = (name: string) => ({
    values: tensor(name),
    indices: { name: '', dataType: TensorProto_DataType.INT64, dims: [2n], rawData: new Uint8Array(16) },
    dims: [7n],
  });
  const body = {
    name: 'body',
    docString: 'inner',
    node: [{ opType: 'Relu', input: ['x'], output: ['b'], docString: 'in a body' }],
    output: [{ name: 'b' }],
    initializer: [tensor('inner')],
  };
  return create(ModelProtoSchema, {
    irVersion: 10n,
    producerName: 'somebody',
    producerVersion: '1.2',
    domain: 'org.example',
    modelVersion: 7n,
    docString: 'a model',
    opsetImport: [
      { domain: 'ai.onnx', version: 17n },
      { domain: 'com.example', version: 2n },
    ],
    metadataProps: [entry('labels', 'cat,dog'), entry('Image.NominalPixelRange', 'Normalized_0_1')],
    trainingInfo: [
      {
        algorithm: { name: 'step', node: [{ opType: 'Sub', input: ['w', 'w'], output: ['w1'] }] },
        updateBinding: [entry('w', 'w1')],
      },
    ],
    functions: [
      {
        name: 'F',
        domain: 'com.example',
        overload: 'v2',
        input: ['a'],
        output: ['o'],
        attribute: ['alpha'],
        attributeProto: [attribute('beta', float(0.5))],
        node: [{ opType: 'Relu', input: ['a'], output: ['o'] }],
        opsetImport: [{ domain: '', version: 17n }],
        docString: 'a function',
        valueInfo: [{ name: 'a' }],
        metadataProps: [entry('from', 'torch')],
      },
    ],
    graph: {
      name: 'main',
      docString: 'the graph',
      metadataProps: [entry('scope', 'root')],
      input: [{ name: 'x', type: tensorType(1, 'N', 3n), docString: 'a picture', metadataProps: [entry('k', 'v')] }],
      output: [{ name: 'y', type: tensorType(1, 'N', 3n) }],
      valueInfo: [
        { name: 'h', type: tensorType(1, 'N', 3n) },
        { name: 's', type: { value: { case: 'sequenceType', value: { elemType: tensorType(1, 3n) } } } },
      ],
      initializer: [tensor('w')],
      sparseInitializer: [sparse('thin')],
      quantizationAnnotation: [{ tensorName: 'h', quantParameterTensorNames: [entry('SCALE_TENSOR', 'w')] }],
      node: [
        {
          opType: 'F',
          domain: 'com.example',
          overload: 'v2',
          name: 'call',
          input: ['x', ''],
          output: ['h'],
          docString: 'a call',
          metadataProps: [entry('pkg.torch.onnx.name_scopes', '["", "layer1"]')],
          deviceConfigurations: [{ configurationId: 'gpu', pipelineStage: 1 }],
          attribute: [
            attribute('i', 5),
            attribute('is', [1, 2]),
            attribute('f', float(0.1)),
            attribute('fs', float([0.1, 0.2])),
            attribute('s', 'text'),
            attribute('ss', ['a', 'b']),
            { name: 't', type: AttributeProto_AttributeType.TENSOR, t: tensor('in an attribute'), docString: 'why' },
            { name: 'p', type: AttributeProto_AttributeType.SPARSE_TENSOR, sparseTensor: sparse('thin too') },
            { name: 'g', type: AttributeProto_AttributeType.GRAPH, g: body },
            { name: 'gs', type: AttributeProto_AttributeType.GRAPHS, graphs: [body, body] },
            { name: 'y', type: AttributeProto_AttributeType.TYPE_PROTO, tp: tensorType(1, 4n) },
          ],
        },
        { opType: 'Add', input: ['h', 'w'], output: ['y'] },
      ],
    },
  });
}
