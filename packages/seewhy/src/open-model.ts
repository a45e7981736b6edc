import { open, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import {
  decodeNpy,
  fromFloat32,
  Model,
  npyToFloat32,
  type Preprocess,
  type RunTensor,
  type Runtime,
} from '@seewhy/core';
import { type Graph, isSeewhyError } from '@seewhy/onnx';
import { choosePreprocess } from './choose-preprocess.ts';
import { keptPreprocessing } from './converted-facts.ts';
import { errors, systemCode } from './errors.ts';
import { type KerasFacts, kerasKind, readKerasFile } from './keras-file.ts';
import { type Beside, type FoundLabels, findBeside, labelsFromMetadata, readLabels } from './labels.ts';
import { type ModelFile, readModelFile } from './model-file.ts';
import { pictureFormat } from './picture/format.ts';
import { type ChosenRuntime, chooseRuntime } from './runtime.ts';
import { neighbours } from './sources.ts';

/** How a model file is opened; everything may be left out. */
export interface LoadOptions {
  /** A labels file, or the class names themselves. */
  readonly labels?: string | readonly string[] | undefined;
  /** A preset, a file with the keys of `preprocessor_config.json`, or a preprocessing made by hand. */
  readonly preprocess?: string | Preprocess | undefined;
  /** Values of the inputs besides the image, batch 1: `.npy` files or tensors. */
  readonly inputs?: Readonly<Record<string, string | RunTensor>> | undefined;
  /** The image input by name. */
  readonly input?: string | undefined;
  /** The output that holds the class scores, by name. */
  readonly output?: string | undefined;
  /** `[height, width]` where the file leaves it free. */
  readonly size?: readonly [number, number] | undefined;
  /** `free`: several pictures a run, where the graph allows it. */
  readonly batch?: 'one' | 'free' | undefined;
  /** `cpu` (default), `webgpu`, `cuda`, `wasm` … */
  readonly device?: string | undefined;
  readonly threads?: number | undefined;
  /** The file, where its reading has begun already (`readModel`). */
  readonly file?: Promise<ModelFile> | undefined;
  /** What lies beside the file, where that has been looked for already (`findBeside`). */
  readonly beside?: Beside | undefined;
  /** A runtime of your own instead of the one chosen by `device`. */
  readonly runtime?: Runtime | undefined;
}

/** A model with everything that was found around it. */
export interface OpenedModel {
  readonly path: string;
  readonly model: Model;
  /** The file's bytes. */
  readonly bytes: Uint8Array;
  /** The graph as it is in the file. */
  readonly source: Graph;
  readonly runtime: Pick<ChosenRuntime, 'runtime'> & Partial<ChosenRuntime>;
  readonly preprocess: Preprocess;
  /** Where the preprocessing came from: `--preprocess`, a file's path, or why it was guessed. */
  readonly preprocessFrom: string;
  readonly preprocessGuessed: boolean;
  /** Where the labels came from; undefined when there are none. */
  readonly labelsFrom: string | undefined;
  /** What was chosen, repaired or fallen back on, in sentences. */
  readonly notices: readonly string[];
  /** Of a Keras or TensorFlow.js model: its layers under their own names, and more. */
  readonly keras: KerasFacts | undefined;
}

/**
 * Opens a model file: reads the graph, chooses a runtime, finds labels and preprocessing (given, in the file's metadata, or beside it).
 * @throws SeewhyError `MODEL_NOT_FOUND`, `MODEL_NOT_ONNX`, `LABELS_…`, `PREPROCESS_…`, and those of `Model.load`
 */
export async function openModel(path: string, options: LoadOptions = {}): Promise<OpenedModel> {
  // Everything that waits for the disk begins now; loading the runtime's addon then overlaps with it.
  const reading = options.file ?? readModel(path, options.size);
  const looking = options.beside ?? findBeside(path);
  const naming = typeof options.labels === 'string' ? readLabels(options.labels) : undefined;
  const feeding = readInputs(options.inputs ?? {});
  for (const promise of [reading, looking, naming, feeding]) Promise.resolve(promise).catch(() => undefined);
  const runtime = options.runtime ? { runtime: options.runtime } : await chooseRuntime(choice(options));
  const [file, beside, given, inputs] = await Promise.all([reading, looking, naming, feeding]);
  const source = file.graph;
  const found = given ?? labelsOf(options.labels, file, beside);
  const notices: string[] = [...file.notices];
  if ('notice' in runtime && runtime.notice) notices.push(runtime.notice);
  const loading = Model.load(source, {
    runtime: runtime.runtime,
    labels: found?.labels,
    input: options.input,
    inputs: typed(inputs, source),
    size: options.size,
    output: options.output,
    batch: options.batch,
  });
  let model = await loading.catch((cause) => {
    throw deviceError(cause, 'device' in runtime ? runtime.device : 'cpu');
  });
  notices.push(...model.notices);
  const { name, height, width } = model.image;
  if (options.size && (options.size[0] !== height || options.size[1] !== width))
    throw errors.sizeFixed(options.size, name, [height, width]);
  let labelsFrom = found?.from;
  if (found && found.labels.length !== model.output.classes) {
    if (given) throw errors.labelsCount(given.from, found.labels.length, model.output.classes);
    notices.push(
      `The labels in ${found.from} are left out: there are ${found.labels.length}, the model has ${model.output.classes} classes.`,
    );
    model = without(model);
    labelsFrom = undefined;
  }
  const chosen = await choosePreprocess(model, options.preprocess, beside.preprocess, file.keras ?? converted(file));
  notices.push(...chosen.notes);
  return {
    path,
    bytes: file.bytes,
    model,
    source,
    runtime,
    preprocess: chosen.preprocess,
    preprocessFrom: chosen.from,
    preprocessGuessed: chosen.guessed,
    labelsFrom,
    notices,
    keras: file.keras,
  };
}

/** Opens a model file and gives the core's model: `openModel` without what was found around it. */
export async function loadModel(path: string, options: LoadOptions = {}): Promise<Model> {
  return (await openModel(path, options)).model;
}

const choice = ({ device, threads }: LoadOptions) => ({
  ...(device === undefined ? {} : { device }),
  ...(threads === undefined ? {} : { threads }),
});

/** What a runtime without its driver or libraries says, as one sentence; every other error as it is. */
function deviceError(cause: unknown, device: string): unknown {
  if (device === 'cpu' || device === 'wasm' || !isSeewhyError(cause) || cause.code !== 'RUNTIME_REFUSED') return cause;
  if (!/provider|adapter|shared library|webgpu|cuda|coreml|dml|driver/i.test(cause.message)) return cause;
  // Native messages begin with files and functions of the runtime; what happened stands at their end.
  const said = cause.what.split(/(?<![/\w]): |\. (?=[A-Z])/).at(-1) ?? cause.what;
  return errors.deviceFailed(device, said.slice(-200).replace(/[.\s]+$/, ''), cause);
}

/** What a model that was a Keras file before `seewhy convert` says of its pictures. */
function converted({ graph }: ModelFile): Pick<KerasFacts, 'preprocessing'> | undefined {
  const preprocessing = keptPreprocessing(graph.metadata);
  return preprocessing && { preprocessing };
}

/** The same model without its labels, which belong to another one. */
const without = (model: Model): Model => Object.assign(Object.create(Model.prototype), model, { labels: undefined });

/** The class names given, or those that a model file or what lies beside it holds. */
export function labelsOf(given: LoadOptions['labels'], file: ModelFile, beside: Beside): FoundLabels | undefined {
  if (given !== undefined && typeof given !== 'string') return { labels: given, from: 'the labels given' };
  if (file.keras?.labels) return { labels: file.keras.labels, from: "the model's own files" };
  const stored = labelsFromMetadata(file.graph.metadata);
  return stored ? { labels: stored, from: "the model's metadata" } : beside.labels;
}

const FOREIGN: Readonly<Record<string, string>> = {
  '.pt': 'PyTorch',
  '.pth': 'PyTorch',
  '.ckpt': 'PyTorch',
  '.safetensors': 'safetensors',
  '.pb': 'TensorFlow',
  '.tflite': 'TensorFlow Lite',
  '.mlmodel': 'Core ML',
  '.mlpackage': 'Core ML',
  '.engine': 'TensorRT',
  '.ort': 'ONNX Runtime format',
};

/** Reads a model file. @throws MODEL_NOT_FOUND (with the nearest names), MODEL_NOT_ONNX … */
export async function readModel(path: string, size?: readonly [number, number]): Promise<ModelFile> {
  let info: Awaited<ReturnType<typeof stat>>;
  try {
    info = await stat(path);
  } catch (cause) {
    if (systemCode(cause) === 'EACCES') throw errors.file(path, 'may not be read', 'Change its permissions.', cause);
    if (/^[a-z]+:\/\//i.test(path)) throw errors.modelIsAddress(path);
    const near = (await neighbours(path)).filter((name) => MODEL_NAME.test(name));
    throw errors.modelMissing(path, near);
  }
  if (info.isDirectory()) {
    const inside = (await neighbours(join(path, 'x'))).sort();
    const names = inside.map((name) => basename(name));
    // A TensorFlow.js model is a folder: model.json and its shards.
    if (names.includes('model.json')) return readModel(join(path, 'model.json'), size);
    if (names.includes('saved_model.pb')) throw errors.savedModel(path);
    throw errors.modelIsFolder(
      path,
      inside.filter((name) => MODEL_NAME.test(name)),
    );
  }
  if (basename(path) === 'saved_model.pb') throw errors.savedModel(dirname(path));
  const start = info.isFile() ? await startOf(path) : undefined;
  const kind = start && kerasKind(start);
  if (kind) return readKerasFile(path, kind, size);
  try {
    return await readModelFile(path);
  } catch (cause) {
    const foreign = FOREIGN[extname(path).toLowerCase()];
    if (foreign && isSeewhyError(cause)) throw errors.notYetConverted(path, foreign);
    const picture = start && pictureFormat(start);
    if (picture && 'format' in picture && isSeewhyError(cause)) throw errors.modelIsPicture(path, picture.format);
    throw cause;
  }
}

/** Names of files that can be a model. */
const MODEL_NAME = /\.(onnx|keras|h5|hdf5)$|(^|[\\/])model\.json$/i;

/** The first bytes of a file. */
async function startOf(path: string): Promise<Uint8Array> {
  const handle = await open(path, 'r').catch((cause) => {
    throw errors.file(path, `cannot be read (${systemCode(cause)})`, 'Check its permissions.', cause);
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function readInputs(inputs: Readonly<Record<string, string | RunTensor>>): Promise<Record<string, RunTensor>> {
  const entries = await Promise.all(
    Object.entries(inputs).map(
      async ([name, value]) => [name, typeof value === 'string' ? await readTensor(value) : value] as const,
    ),
  );
  return Object.fromEntries(entries);
}

/** Values from a `.npy` file come in NumPy's favourite types (float64, int64): what the model declares decides. */
function typed(inputs: Readonly<Record<string, RunTensor>>, source: Graph): Record<string, RunTensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => {
      const type = source.feeds.find((value) => value.name === name)?.type;
      if (!type || type === tensor.type) return [name, tensor];
      return [name, fromFloat32(Float32Array.from(tensor.data as ArrayLike<number>, Number), type, tensor.dims)];
    }),
  );
}

/** A tensor from a `.npy` file. @throws FILE_UNREADABLE, NPY_INVALID */
export async function readTensor(path: string): Promise<RunTensor> {
  let bytes: Uint8Array;
  try {
    const handle = await open(path, 'r');
    try {
      bytes = await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const code = systemCode(cause);
    throw errors.file(
      path,
      code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`,
      'Give a .npy file.',
      cause,
    );
  }
  return tensorOf(bytes, path);
}

/** The bytes of a `.npy` file as a tensor. */
export function tensorOf(bytes: Uint8Array, path: string): RunTensor {
  const array = decodeNpy(bytes, path);
  const data = array.type === 'float64' ? npyToFloat32(array) : array.data;
  return { type: array.type === 'float64' ? 'float32' : array.type, dims: array.dims, data } as RunTensor;
}

/** A `.npy` source as the model's image input: its layout and size checked, its values in the input's own type. */
export function imageTensorOf(bytes: Uint8Array, path: string, model: Model): RunTensor {
  const tensor = tensorOf(bytes, path);
  const { image } = model;
  const one =
    image.layout === 'NCHW' ? [image.channels, image.height, image.width] : [image.height, image.width, image.channels];
  const dims = tensor.dims.length === 3 ? [1, ...tensor.dims] : [...tensor.dims];
  if (dims.length !== 4 || dims.slice(1).some((dim, axis) => dim !== one[axis]) || dims[0] === 0) {
    throw errors.tensor(path, `has the shape [${tensor.dims.join(', ')}], the model takes [N, ${one.join(', ')}]`);
  }
  const values = tensor.type === image.type ? { ...tensor, dims } : undefined;
  return values ?? fromFloat32(Float32Array.from(tensor.data as ArrayLike<number>, Number), image.type, dims);
}
