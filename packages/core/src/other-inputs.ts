import type { Graph, Value } from '@seewhy/onnx';
import { errors } from './errors.ts';
import type { ImageInput } from './image-input.ts';
import type { RunTensor } from './runtime/runtime.ts';
import { zeros } from './tensors.ts';

/** Feeds of all inputs but the image: those given, and what is known without being told. @throws INPUT_UNKNOWN, INPUT_NEEDED */
export function otherInputs(
  graph: Graph,
  image: ImageInput,
  given: Readonly<Record<string, RunTensor>>,
  notices: string[],
): Record<string, RunTensor> {
  const others = graph.feeds.filter((value) => value.name !== image.name);
  for (const name of Object.keys(given)) {
    if (!others.some((value) => value.name === name))
      throw errors.unknownInput(
        name,
        others.map((value) => value.name),
      );
  }
  const missing: string[] = [];
  const result: Record<string, RunTensor> = {};
  for (const value of others) {
    const tensor = given[value.name] ?? trainingFlag(value, notices);
    if (tensor) result[value.name] = tensor;
    else missing.push(value.name);
  }
  if (missing.length > 0) throw errors.inputNeeded(missing);
  return result;
}

/** A scalar bool input called `training` or `is_training` is false: explaining is inference. */
function trainingFlag(value: Value, notices: string[]): RunTensor | undefined {
  if (value.type !== 'bool' || !/training|learning_phase/i.test(value.name)) return undefined;
  notices.push(`The input '${value.name}' is set to false.`);
  return zeros('bool', []);
}
