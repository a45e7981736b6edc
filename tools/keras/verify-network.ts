import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importKeras, type KerasModel } from '@seewhy/keras';
import { check, type Graph } from '@seewhy/onnx';
import { inputGradients } from './input-gradient.ts';
import { type Numbers, readNpy, relativeError, runGraph } from './run-graph.ts';

/** The record that applications.py writes for each network. */
export interface NetworkRecord {
  name: string;
  framework: 'keras' | 'tf_keras';
  version: string;
  model: string;
  input: string;
  output: string;
  layers: string[];
  /** The prediction in float64, and the relative L2 error of Keras's own in float32. */
  exact?: string;
  outputError?: number;
  gradient?: string;
  gradientError?: number;
  target?: number;
}

export interface NetworkResult {
  name: string;
  framework: NetworkRecord['framework'];
  /** Of the framework. */
  version: string;
  /** max |ours − Keras's| / max |Keras's| over the whole prediction. */
  error: number;
  /** Where Keras's prediction in float64 is there: relative L2 error against it, and what is allowed. */
  exactError?: number;
  exactAllowed?: number;
  /** The same of Keras's own prediction in float32. */
  ownError?: number;
  /** Relative L2 error of the input gradient against TensorFlow's in float64, and what is allowed. */
  gradientError?: number;
  gradientAllowed?: number;
  /** The same of TensorFlow's own gradient in float32. */
  ownGradientError?: number;
  nodes: number;
  transposes: number;
  passed: boolean;
  message?: string;
  seconds: number;
}

/** 1e-4 of the largest output, or of the reference's norm. */
const ALLOWED = 1e-4;
/** How many times the framework's own float32 error against float64 ours may be. */
const ROUNDING = 2.5;

/** Imports a network and holds its prediction (and gradient, where there is one) against Keras's own. */
export async function verifyNetwork(folder: string, record: NetworkRecord): Promise<NetworkResult> {
  const start = performance.now();
  const result: NetworkResult = {
    name: record.name,
    framework: record.framework,
    version: record.version,
    error: Number.NaN,
    nodes: 0,
    transposes: 0,
    passed: false,
    seconds: 0,
  };
  try {
    const model = await importKeras(new Uint8Array(readFileSync(join(folder, record.model))), { name: record.model });
    const { graph } = model;
    result.nodes = graph.nodes.length;
    result.transposes = graph.nodes.filter(({ op }) => op === 'Transpose').length;
    const problems = check(graph);
    if (problems.length > 0) throw new Error(`the graph is invalid: ${problems[0]!.what}`);
    const missing = missingLayers(record, model);
    if (missing.length > 0) throw new Error(`layers without a view: ${missing.slice(0, 5).join(', ')}`);
    const image = readNpy(join(folder, record.input));
    const feeds = { [graph.inputs[0]!.name]: image };
    const outputs = await runGraph(graph, feeds);
    result.error = relativeError(outputs[graph.outputs[0]!.name]!, readNpy(join(folder, record.output)));
    result.passed = result.error <= ALLOWED;
    if (record.exact && existsSync(join(folder, record.exact))) {
      // Of very deep networks float32 leaves fewer digits: then Keras's own rounding is the measure, not one draw of it.
      result.ownError = record.outputError!;
      result.exactAllowed = Math.max(ALLOWED, ROUNDING * result.ownError);
      result.exactError = relativeL2(outputs[graph.outputs[0]!.name]!, readNpy(join(folder, record.exact)));
      result.passed = result.exactError <= result.exactAllowed;
    }
    if (record.gradient && existsSync(join(folder, record.gradient))) {
      result.ownGradientError = record.gradientError!;
      result.gradientAllowed = Math.max(ALLOWED, ROUNDING * result.ownGradientError);
      result.gradientError = await gradientError(graph, image, readNpy(join(folder, record.gradient)), record.target!);
      result.passed &&= result.gradientError <= result.gradientAllowed;
    }
  } catch (cause) {
    result.passed = false;
    result.message = cause instanceof Error ? cause.message : String(cause);
  }
  return { ...result, seconds: (performance.now() - start) / 1000 };
}

function missingLayers(record: NetworkRecord, model: KerasModel): string[] {
  const names = new Set([...model.layers.map(({ name }) => name), ...model.graph.inputs.map(({ name }) => name)]);
  return record.layers.filter((name) => !names.has(name));
}

/** Relative L2 error of the gradient of one class value by the image, with a batch of 1. */
export async function gradientError(base: Graph, image: Numbers, expected: Numbers, target: number): Promise<number> {
  const size = image.data.length / image.dims[0]!;
  const first: Numbers = { dims: [1, ...image.dims.slice(1)], data: image.data.slice(0, size) };
  const seed = (shape: readonly number[]) => {
    const values = new Float32Array(shape.reduce((product, dim) => product * dim, 1));
    values[target] = 1;
    return values;
  };
  const [got] = await inputGradients(base, first, [base.outputs[0]!.name], seed);
  return relativeL2({ dims: expected.dims, data: got!.data }, expected);
}

/** ‖a − b‖ / ‖b‖ */
function relativeL2(got: Numbers, expected: Numbers): number {
  let difference = 0;
  let norm = 0;
  got.data.forEach((value, index) => {
    difference += (value - expected.data[index]!) ** 2;
    norm += expected.data[index]! ** 2;
  });
  if (got.data.length !== expected.data.length || norm === 0) throw new Error('the two cannot be compared');
  return Math.sqrt(difference / norm);
}
