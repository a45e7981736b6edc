import type { TfjsModel } from './archive/tfjs.ts';
import { errors } from './errors.ts';
import type { ImportOptions, KerasModel } from './import.ts';
import { buildGraphModel } from './operations/build-graph.ts';

/**
 * A TensorFlow.js graph model as an ONNX graph. Values have the names of TensorFlow's nodes, `name:1` for further outputs; inputs and
 * outputs keep TensorFlow's layout (`[N, height, width, channels]`), what lies between is held channels first as long as nothing asks
 * for the other order.
 * @param model what `readTfjs` gives
 * @throws SeewhyError; MODEL_TFJS_LAYERS for a Layers model, OPERATION_UNKNOWN, OPERATION_CONTROL_FLOW
 */
export function importGraphModel(
  model: TfjsModel,
  options: Pick<ImportOptions, 'name' | 'inputShape' | 'size'> = {},
): KerasModel {
  const name = options.name ?? 'model.json';
  if (model.format !== 'graph-model') throw errors.notGraphModel(name);
  const built = buildGraphModel({
    name: name.replace(/\.json$/i, ''),
    topology: model.topology,
    signature: model.json.signature,
    weights: model.weights,
    inputShape: options.inputShape,
    size: options.size,
  });
  return { ...built, format: 'tfjs-graph', name: built.graph.name };
}
