import { didYouMean, SeewhyError } from '@seewhy/onnx';

const DAMAGED = 'Copy or download it again; it may be incomplete or damaged.';
const SAVE_AGAIN = "Save the whole model again in Keras: model.save('model.keras').";

/** Text out of a file, fit for a message: one line, not long. */
function shown(text: string): string {
  const plain = text.replace(/\p{Cc}/gu, '?');
  return plain.length > 120 ? `${plain.slice(0, 120)}…` : plain;
}

const dims = (shape: readonly (number | null)[]) => `[${shape.map((dim) => dim ?? 'None').join(', ')}]`;

export const errors = {
  // ---- files ---------------------------------------------------------------------------------------------------------
  unknownFormat: (name: string, detail: string) =>
    new SeewhyError({
      code: 'MODEL_NOT_KERAS',
      what: `This is not a Keras or TensorFlow.js model: ${detail}`,
      where: `file '${shown(name)}'`,
      cure: 'Give a .keras or .h5 file, the model.json of a TensorFlow.js model with its weight files, or an architecture .json with its .weights.h5.',
    }),
  savedModel: (name: string) =>
    new SeewhyError({
      code: 'MODEL_SAVED_MODEL',
      what: 'This is a TensorFlow SavedModel, a program rather than a list of layers',
      where: `file '${shown(name)}'`,
      cure: 'Convert it once: python -m tf2onnx.convert --saved-model FOLDER --output model.onnx.',
    }),
  notGraphModel: (name: string) =>
    new SeewhyError({
      code: 'MODEL_TFJS_LAYERS',
      what: 'This is a TensorFlow.js Layers model, not a graph model',
      where: `file '${shown(name)}'`,
      cure: 'Read it with importKeras.',
    }),
  onlyWeights: (name: string) =>
    new SeewhyError({
      code: 'MODEL_ONLY_WEIGHTS',
      what: 'The file holds weights without an architecture',
      where: `file '${shown(name)}'`,
      cure: 'Give the architecture too (model.to_json() saved as .json), or save the whole model: model.save("model.keras").',
    }),
  onlyManifest: (name: string) =>
    new SeewhyError({
      code: 'MODEL_ONLY_WEIGHTS',
      what: 'The file lists the weights of a TensorFlow.js model, without the model',
      where: `file '${shown(name)}'`,
      cure: 'Give the model.json that has both (modelTopology and weightsManifest). The networks of face-api have none: they are JavaScript programs.',
    }),
  noWeights: (name: string) =>
    new SeewhyError({
      code: 'MODEL_NO_WEIGHTS',
      what: 'The file holds an architecture without weights',
      where: `file '${shown(name)}'`,
      cure: 'Give the weights file (.weights.h5 or .h5) too, or save the whole model: model.save("model.keras").',
    }),
  badArchive: (name: string, detail: string, cause?: unknown) =>
    new SeewhyError({
      code: 'ARCHIVE_INVALID',
      what: `The .keras archive cannot be read: ${detail}`,
      where: `file '${shown(name)}'`,
      cure: DAMAGED,
      cause,
    }),
  archiveEscapes: (name: string, entry: string) =>
    new SeewhyError({
      code: 'ARCHIVE_ESCAPES',
      what: `The archive has an entry that points out of it: '${shown(entry)}'`,
      where: `file '${shown(name)}'`,
      cure: 'Keras never writes such a file; do not trust it.',
    }),
  archiveBomb: (name: string, entry: string, detail: string) =>
    new SeewhyError({
      code: 'ARCHIVE_TOO_LARGE',
      what: `The archive entry '${shown(entry)}' would unpack to ${detail}`,
      where: `file '${shown(name)}'`,
      cure: 'No real model does that: the file is damaged or hostile.',
    }),
  badHdf5: (name: string, detail: string, cause?: unknown) =>
    new SeewhyError({
      code: 'HDF5_INVALID',
      what: `The HDF5 file cannot be read: ${detail}`,
      where: `file '${shown(name)}'`,
      cure: DAMAGED,
      cause,
    }),
  hdf5Escapes: (name: string, path: string, detail: string) =>
    new SeewhyError({
      code: 'HDF5_ESCAPES',
      what: `'${shown(path)}' lies outside the file: ${shown(detail)}`,
      where: `file '${shown(name)}'`,
      cure: SAVE_AGAIN,
    }),
  hdf5Dataset: (name: string, path: string, detail: string, cause?: unknown) =>
    new SeewhyError({
      code: 'HDF5_DATASET',
      what: `The dataset '${shown(path)}' cannot be used: ${detail}`,
      where: `file '${shown(name)}'`,
      cure: DAMAGED,
      cause,
    }),
  badJson: (name: string, detail: string, cause?: unknown) =>
    new SeewhyError({
      code: 'JSON_INVALID',
      what: `The model's description is not readable: ${detail}`,
      where: `'${shown(name)}'`,
      cure: DAMAGED,
      cause,
    }),
  shardMissing: (path: string, have: readonly string[]) =>
    new SeewhyError({
      code: 'SHARD_MISSING',
      what: `The weights file '${shown(path)}' was not given`,
      cure: `Put it next to model.json. ${didYouMean(path, have)}`.trim(),
    }),
  shardEscapes: (path: string) =>
    new SeewhyError({
      code: 'SHARD_ESCAPES',
      what: `The weights file '${shown(path)}' lies outside the model's folder`,
      cure: "Weights are only read from the model's own folder; move the file there and correct model.json.",
    }),
  shardTruncated: (group: string, have: number, need: number) =>
    new SeewhyError({
      code: 'SHARD_TRUNCATED',
      what: `The weights files hold ${have} bytes; their manifest needs ${need}`,
      where: group,
      cure: DAMAGED,
    }),
  badManifest: (where: string, detail: string) =>
    new SeewhyError({
      code: 'MANIFEST_INVALID',
      what: `The weights manifest is malformed: ${detail}`,
      where,
      cure: 'Convert the model again with tensorflowjs_converter.',
    }),
  weightTwice: (name: string, where: string) =>
    new SeewhyError({
      code: 'WEIGHT_TWICE',
      what: `Two weights are called '${shown(name)}': two layers of the model have the same name, most likely in two models nested in it`,
      where,
      cure: 'Give every layer a name of its own, also inside nested models (tf.layers.dense({ name: … })), then make the model again.',
    }),

  // ---- architecture --------------------------------------------------------------------------------------------------
  badConfig: (where: string, detail: string) =>
    new SeewhyError({
      code: 'CONFIG_INVALID',
      what: `The model's description is malformed: ${shown(detail)}`,
      where: shown(where),
      cure: SAVE_AGAIN,
    }),
  subclassed: (name: string) =>
    new SeewhyError({
      code: 'MODEL_SUBCLASSED',
      what: `'${shown(name)}' is a subclassed model: its layers are called by Python code that the file does not hold`,
      cure: 'Rebuild it as a Functional or Sequential model in Keras, or export it there: model.export("model.onnx", format="onnx").',
    }),
  unknownLayer: (label: string, className: string, known: Iterable<string>) =>
    new SeewhyError({
      code: 'LAYER_UNKNOWN',
      what: `There is no layer class '${shown(className)}'`,
      where: shown(label),
      cure: `${didYouMean(className, known)} A custom layer can be registered: importKeras(files, { layers: { '${shown(className)}': { weights, build } } }).`.trim(),
    }),
  lambda: (label: string, detail: string) =>
    new SeewhyError({
      code: 'LAYER_LAMBDA',
      what: `A Lambda layer holds Python ${detail}, which is never run`,
      where: shown(label),
      cure: "Replace it by Keras layers, or say what it does: importKeras(files, { layers: { 'Lambda:<layer name>': { build } } }).",
    }),
  unknownFunction: (label: string, name: string, known: Iterable<string>) =>
    new SeewhyError({
      code: 'FUNCTION_UNKNOWN',
      what: `There is no importer for the function '${shown(name)}'`,
      where: shown(label),
      cure: `${didYouMean(name, known)} It can be registered: importKeras(files, { layers: { '${shown(name)}': { build } } }).`.trim(),
    }),
  unknownActivation: (label: string, name: string, known: Iterable<string>) =>
    new SeewhyError({
      code: 'ACTIVATION_UNKNOWN',
      what: `There is no activation '${shown(name)}'`,
      where: shown(label),
      cure: `${didYouMean(name, known)} A custom one can be registered: importKeras(files, { activations: { '${shown(name)}': build } }).`.trim(),
    }),
  unsupported: (
    label: string,
    detail: string,
    cure = 'Rebuild the layer in Keras without it, and save the model again.',
  ) =>
    new SeewhyError({
      code: 'LAYER_UNSUPPORTED',
      what: `The layer cannot be written as ONNX: ${shown(detail)}`,
      where: shown(label),
      cure,
    }),
  badOption: (label: string, option: string, value: unknown, wanted: string) =>
    new SeewhyError({
      code: 'LAYER_OPTION',
      what: `The option '${option}' is ${shown(JSON.stringify(value) ?? 'missing')}, which is not ${wanted}`,
      where: shown(label),
      cure: 'The file is damaged or was not written by Keras; save the model again.',
    }),
  badShape: (label: string, detail: string) =>
    new SeewhyError({
      code: 'SHAPE_MISMATCH',
      what: shown(detail),
      where: shown(label),
      cure: "The file's layers do not fit together; save the model again in Keras.",
    }),
  shapeNeeded: (label: string, detail: string) =>
    new SeewhyError({
      code: 'INPUT_SHAPE_NEEDED',
      what: `The model's input size is open, and ${detail}`,
      where: shown(label),
      cure: 'Give the size without the batch: importKeras(files, { inputShape: [224, 224, 3] }).',
    }),
  inputShape: (name: string, given: readonly number[], declared: readonly (number | null)[]) =>
    new SeewhyError({
      code: 'INPUT_SHAPE_MISMATCH',
      what: `The option inputShape ${dims(given)} does not fit the input '${shown(name)}' of shape ${dims(declared)} (batch first)`,
      cure: `Give ${declared.length - 1} whole numbers, without the batch, that agree with the declared ones.`,
    }),
  inputSize: (name: string, [height, width]: readonly number[], declared: readonly (number | null)[]) =>
    new SeewhyError({
      code: 'INPUT_SHAPE_MISMATCH',
      what: `The size ${height} x ${width} does not fit the input '${shown(name)}' of shape ${dims(declared)} (batch first)`,
      cure: 'Only a size that the model leaves open can be given: leave it out.',
    }),
  noInputShape: (name: string) =>
    new SeewhyError({
      code: 'INPUT_SHAPE_NEEDED',
      what: `The model '${shown(name)}' was saved before its input shape was known`,
      cure: 'Give it without the batch: importKeras(files, { inputShape: [224, 224, 3] }), or build the model in Keras and save it again.',
    }),
  cycle: (names: readonly string[]) =>
    new SeewhyError({
      code: 'CONFIG_CYCLE',
      what: 'The layers wait for each other',
      where: shown(names.slice(0, 5).join(', ')),
      cure: 'The file is damaged or was edited by hand; save the model again.',
    }),
  tooLarge: (what: string, limit: number) =>
    new SeewhyError({
      code: 'MODEL_TOO_LARGE',
      what: `The model has more than ${limit} ${what}`,
      cure: 'No real model does that: the file is damaged or hostile.',
    }),

  // ---- TensorFlow.js graph models ------------------------------------------------------------------------------------
  badGraph: (where: string, detail: string) =>
    new SeewhyError({
      code: 'GRAPH_INVALID',
      what: `The graph of the model is malformed: ${shown(detail)}`,
      where: shown(where),
      cure: 'Convert the model again with tensorflowjs_converter.',
    }),
  badAttribute: (label: string, name: string, value: unknown, wanted: string) =>
    new SeewhyError({
      code: 'ATTRIBUTE_INVALID',
      what: `The attribute '${name}' is ${shown(JSON.stringify(value) ?? 'missing')}, which is not ${wanted}`,
      where: shown(label),
      cure: 'The file is damaged; convert the model again with tensorflowjs_converter.',
    }),
  inputMissing: (where: string, name: string, have: Iterable<string>) =>
    new SeewhyError({
      code: 'GRAPH_INPUT_MISSING',
      what: `There is no node '${shown(name)}', which is read here`,
      where: shown(where),
      cure: `${didYouMean(name, have)} The file is damaged or cut; convert the model again with tensorflowjs_converter.`.trim(),
    }),
  graphCycle: (names: readonly string[]) =>
    new SeewhyError({
      code: 'GRAPH_CYCLE',
      what: 'The nodes wait for each other',
      where: shown(names.join(', ')),
      cure: 'The file is damaged or was edited by hand; convert the model again with tensorflowjs_converter.',
    }),
  unknownOperation: (label: string, op: string, known: Iterable<string>) =>
    new SeewhyError({
      code: 'OPERATION_UNKNOWN',
      what: `There is no importer for the TensorFlow operation '${shown(op)}'`,
      where: shown(label),
      cure: `${didYouMean(op, known)} Convert the original model with python -m tf2onnx.convert --saved-model FOLDER --output model.onnx, or cut the graph before this node.`.trim(),
    }),
  controlFlow: (label: string, op: string) =>
    new SeewhyError({
      code: 'OPERATION_CONTROL_FLOW',
      what: `The operation '${shown(op)}' belongs to a loop or a branch, which an explainable graph cannot have`,
      where: shown(label),
      cure: 'Convert the model without its loop (detectors: without their post-processing), with inputs of fixed size and dropout off.',
    }),
  functionCall: (label: string) =>
    new SeewhyError({
      code: 'OPERATION_FUNCTION',
      what: 'The operation calls a function of the graph, which was not put in its place',
      where: shown(label),
      cure: 'Convert the model with tensorflowjs_converter, which does so; where the function is compiled (jit_compile=True, as grouped convolutions of Keras 3), give the .keras file instead.',
    }),
  unsupportedOperation: (label: string, detail: string, cure?: string) =>
    new SeewhyError({
      code: 'OPERATION_UNSUPPORTED',
      what: `The operation cannot be written as ONNX: ${shown(detail)}`,
      where: shown(label),
      cure:
        cure ??
        'Convert the original model with python -m tf2onnx.convert --saved-model FOLDER --output model.onnx instead.',
    }),
  badOperands: (label: string, detail: string) =>
    new SeewhyError({
      code: 'SHAPE_MISMATCH',
      what: shown(detail),
      where: shown(label),
      cure: 'The file is damaged or its weights belong to another model; convert it again with tensorflowjs_converter.',
    }),

  // ---- weights -------------------------------------------------------------------------------------------------------
  weightMissing: (label: string, weight: string, where: string) =>
    new SeewhyError({
      code: 'WEIGHT_MISSING',
      what: `The weight '${shown(weight)}' is not in the file`,
      where: `${shown(label)}${where ? `, looked for at ${shown(where)}` : ''}`,
      cure: 'The weights belong to another model or the file is damaged; save the whole model again.',
    }),
  weightShape: (label: string, weight: string, have: readonly number[], want: readonly (number | null)[]) =>
    new SeewhyError({
      code: 'WEIGHT_MISMATCH',
      what: `The weight '${shown(weight)}' has shape ${dims(have)}; the layer needs ${dims(want)}`,
      where: shown(label),
      cure: 'The weights belong to another model or the file is damaged; save the whole model again.',
    }),
  weightType: (label: string, weight: string, type: string) =>
    new SeewhyError({
      code: 'WEIGHT_TYPE',
      what: `The weight '${shown(weight)}' has elements of type ${type}, which is no float type`,
      where: shown(label),
      cure: 'Save the model again with float weights.',
    }),
};

/** For messages: class and name of a layer. */
export function layerLabel(className: string, path: string): string {
  return `${className} layer '${path}'`;
}
