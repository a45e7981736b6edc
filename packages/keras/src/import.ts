import type { Graph } from '@seewhy/onnx';
import { baseName, type Files } from './archive/files.ts';
import { isHdf5, withHdf5 } from './archive/hdf5.ts';
import { isObject, type Json, parseJson } from './archive/json.ts';
import { readKerasArchive } from './archive/keras3.ts';
import { packedFiles } from './archive/packed.ts';
import { isShardMap, readShards, type ShardMap } from './archive/sharded-hdf5.ts';
import { isManifest, isTfjsJson, readTfjs } from './archive/tfjs.ts';
import { isZip } from './archive/zip.ts';
import { errors } from './errors.ts';
import { importGraphModel } from './import-graph-model.ts';
import type { LayerTable } from './layer.ts';
import type { ActivationTable } from './layers/activation.ts';
import { buildGraph, type LayerView } from './model/build-graph.ts';
import { isModelConfig, type ModelConfig, readModelConfig } from './model/config.ts';
import { otherInTfjs, tfjsConfig } from './model/tfjs-config.ts';
import { type PreprocessingHint, preprocessingHint, readLabels } from './preprocessing.ts';
import { FolderWeights, legacyRoot, legacyWeights } from './weights/hdf5.ts';
import { NamedWeights } from './weights/named.ts';
import type { WeightSource } from './weights/source.ts';

/** What an import needs that the file does not say. */
export interface ImportOptions {
  /** Name of the file when bytes are given; for messages. */
  name?: string;
  /** Size of an input whose size the model leaves open, without the batch: `[224, 224, 3]`; by input name where there are several. */
  inputShape?: readonly number[] | Readonly<Record<string, readonly number[]>>;
  /** Height and width of pictures where the model leaves them open; channels stay as the model has them. */
  size?: readonly [height: number, width: number];
  /**
   * Importers of custom layers by class name (`LayerScale`), of a function or Lambda layer by `Lambda:<layer name>`. They go before
   * the own ones.
   */
  layers?: LayerTable;
  /** Importers of custom activations by name. */
  activations?: ActivationTable;
}

/** What the bytes were: a Keras 3 archive, a whole model as HDF5, an architecture with weights beside it, or a TensorFlow.js model. */
export type KerasFormat = 'keras' | 'hdf5' | 'architecture' | 'tfjs-layers' | 'tfjs-graph';

/** A Keras model as a graph. */
export interface KerasModel {
  /** Opset 17; inputs and outputs in Keras's own layout (`[N, height, width, channels]`), the batch free. */
  readonly graph: Graph;
  /** Every layer call in order, and the value that holds its result. */
  readonly layers: readonly LayerView[];
  readonly format: KerasFormat;
  readonly name: string;
  readonly kerasVersion?: string;
  readonly preprocessing?: PreprocessingHint;
  readonly labels?: readonly string[];
  /** What was decided or left out, one sentence each. */
  readonly notices: readonly string[];
}

/**
 * Reads a Keras or TensorFlow.js Layers model into an ONNX graph. No code of a file is ever run.
 * @param files one file's bytes, or files by name: a `.keras` or `.h5` file; architecture `.json` and weights `.h5`, also in several files
 * with their `.weights.json`; TensorFlow.js's `model.json` and its shards; a zip archive of any of these. A file with labels may be among them.
 * @throws SeewhyError; MODEL_NOT_KERAS for anything else
 */
export async function importKeras(
  files: Uint8Array | Files | Readonly<Record<string, Uint8Array>>,
  options: ImportOptions = {},
): Promise<KerasModel> {
  return importFiles(asFiles(files, options.name), options, false);
}

/** @param unpacked the files come out of an archive: what is packed among them is a `.keras` file */
async function importFiles(all: Files, options: ImportOptions, unpacked: boolean): Promise<KerasModel> {
  const found = classify(all);
  if (found.archive) {
    const inside = unpacked ? undefined : packedFiles(all.get(found.archive)!, found.archive);
    if (!inside) return importArchive(found.archive, all, options);
    const others = [...all].filter(([name]) => name !== found.archive);
    return importFiles(new Map([...others, ...inside]), options, true);
  }
  if (found.tfjs) return importTfjs(found.tfjs, all, options);
  if (found.shards && found.architecture) return importSharded(found.shards, found.architecture, all, options);
  if (found.hdf5) return importHdf5(found.hdf5, found.architecture, all, options);
  if (found.architecture) throw errors.noWeights(found.architecture);
  if (found.manifest) throw errors.onlyManifest(found.manifest);
  for (const name of all.keys()) if (baseName(name) === 'saved_model.pb') throw errors.savedModel(name);
  const [first] = all.keys();
  throw errors.unknownFormat(first ?? '', describe(first === undefined ? undefined : all.get(first)!));
}

function asFiles(files: Uint8Array | Files | Readonly<Record<string, Uint8Array>>, name: string | undefined): Files {
  if (files instanceof Uint8Array) return new Map([[name ?? 'model', files]]);
  return files instanceof Map ? files : new Map(Object.entries(files));
}

interface Found {
  archive?: string;
  hdf5?: string;
  tfjs?: string;
  architecture?: string;
  /** The JSON that says which weights lie in which of several files. */
  shards?: string;
  /** A list of TensorFlow.js weights without a model. */
  manifest?: string;
}

function classify(files: Files): Found {
  const found: Found = {};
  for (const [name, bytes] of files) {
    if (isZip(bytes)) found.archive ??= name;
    else if (isHdf5(bytes)) found.hdf5 ??= name;
    else if (looksLikeJson(bytes)) {
      const json = files.size === 1 || /\.json$/i.test(name) ? tryJson(bytes, name, files.size === 1) : undefined;
      if (isTfjsJson(json)) found.tfjs ??= name;
      else if (isManifest(json)) found.manifest ??= name;
      else if (isShardMap(json)) found.shards ??= name;
      else if (isArchitecture(json)) found.architecture ??= name;
    }
  }
  return found;
}

function looksLikeJson(bytes: Uint8Array): boolean {
  let at = bytes[0] === 0xef ? 3 : 0;
  while (at < bytes.length && (bytes[at] === 32 || bytes[at] === 10 || bytes[at] === 13 || bytes[at] === 9)) at++;
  return bytes[at] === 0x7b || bytes[at] === 0x5b;
}

/** A file that is no JSON may be a label file or anything else; alone it has to be the model. */
function tryJson(bytes: Uint8Array, name: string, alone: boolean): unknown {
  try {
    return parseJson(bytes, name);
  } catch (error) {
    if (alone) throw error;
    return undefined;
  }
}

function isArchitecture(json: unknown): json is Json {
  return isObject(json) && (isModelConfig(json) || isModelConfig(json.model_config));
}

function describe(bytes: Uint8Array | undefined): string {
  if (!bytes) return 'no file was given';
  if (bytes.length === 0) return 'the file is empty';
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 64)).trimStart();
  if (start.startsWith('version https://git-lfs')) return 'it is a Git LFS pointer to one';
  if (/^<(!doctype|html|\?xml)/i.test(start)) return 'it is a web page';
  if (start.startsWith('{')) return 'its JSON describes no model';
  return 'its first bytes are none of zip, HDF5 or JSON';
}

function importArchive(name: string, files: Files, options: ImportOptions): Promise<KerasModel> {
  const { config, metadata, weights } = readKerasArchive(files.get(name)!, name);
  const version = text(metadata.keras_version);
  const model = readModelConfig(config, 'config.json');
  return withHdf5(weights, 'model.weights.h5', (file) =>
    finish(model, new FolderWeights(file), 'keras', version, files, options, metadata),
  );
}

async function importHdf5(
  name: string,
  architecture: string | undefined,
  files: Files,
  options: ImportOptions,
): Promise<KerasModel> {
  return withHdf5(files.get(name)!, name, (file) => {
    const inside = file.text('/', 'model_config');
    const root = legacyRoot(file);
    const source = () => (root ? legacyWeights(file, root) : new FolderWeights(file));
    if (inside !== undefined) {
      const json = parseJson(inside, `model_config of ${name}`);
      const version = file.text('/', 'keras_version') ?? file.text('/model_weights', 'keras_version');
      return finish(readModelConfig(json, `model_config of ${name}`), source(), 'hdf5', version, files, options, {});
    }
    if (architecture === undefined) throw errors.onlyWeights(name);
    const json = parseJson(files.get(architecture)!, architecture) as Json;
    const version = text(json.keras_version) ?? file.text('/', 'keras_version');
    const model = readModelConfig(isModelConfig(json) ? json : json.model_config, architecture);
    return finish(model, source(), 'architecture', version, files, options, {});
  });
}

/** Architecture, map of the weights and the files that it names. */
async function importSharded(
  shards: string,
  architecture: string,
  files: Files,
  options: ImportOptions,
): Promise<KerasModel> {
  const json = parseJson(files.get(architecture)!, architecture) as Json;
  const map = parseJson(files.get(shards)!, shards) as ShardMap;
  const model = readModelConfig(isModelConfig(json) ? json : json.model_config, architecture);
  const weights = new FolderWeights(await readShards(map, shards, files));
  return finish(model, weights, 'architecture', text(json.keras_version), files, options, {});
}

async function importTfjs(name: string, files: Files, options: ImportOptions): Promise<KerasModel> {
  const tfjs = readTfjs(name, files);
  const { format, topology, weights, json } = tfjs;
  if (format === 'graph-model') {
    const graphModel = importGraphModel(tfjs, { ...options, name: baseName(name) });
    const metadata = isObject(json.userDefinedMetadata) ? json.userDefinedMetadata : {};
    const labels = readLabels(metadata.labels ?? metadata.class_names) ?? labelsAmong(files);
    return { ...graphModel, ...(labels ? { labels } : {}) };
  }
  const config = isModelConfig(topology) ? topology : topology.model_config;
  const read = readModelConfig(config, `modelTopology of ${name}`);
  const version = text(topology.keras_version);
  const own = version?.startsWith('tfjs') === true;
  const model = own ? tfjsConfig(read) : read;
  const source = new NamedWeights(
    new Map([['', [...weights].map(([key, weight]) => ({ name: key, weight: () => weight }))]]),
  );
  const metadata = isObject(json.userDefinedMetadata) ? json.userDefinedMetadata : {};
  const made = finish(model, source, 'tfjs-layers', version, files, options, metadata);
  const [first] = own ? [] : otherInTfjs(model);
  if (first === undefined) return made;
  const notice = `Enlarged as in Keras, where the model was made: TensorFlow.js takes the pixels' corners instead of their centres in the bilinear UpSampling2D layer '${first}'.`;
  return { ...made, notices: [...made.notices, notice] };
}

function finish(
  model: ModelConfig,
  weights: WeightSource,
  format: KerasFormat,
  version: string | undefined,
  files: Files,
  options: ImportOptions,
  metadata: Json,
): KerasModel {
  const built = buildGraph(model, {
    weights,
    dialect: dialectOf(version, model),
    inputShape: options.inputShape,
    size: options.size,
    layers: options.layers ?? {},
    activations: options.activations ?? {},
  });
  const preprocessing = preprocessingHint(model);
  const labels = readLabels(metadata.labels ?? metadata.class_names) ?? labelsAmong(files);
  return {
    ...built,
    format,
    name: model.name,
    ...(version === undefined ? {} : { kerasVersion: version }),
    ...(preprocessing ? { preprocessing } : {}),
    ...(labels ? { labels } : {}),
  };
}

/** TensorFlow.js and everything before Keras 3 follow Keras 2. */
function dialectOf(version: string | undefined, model: ModelConfig): 2 | 3 {
  const major = /^(\d+)\./.exec(version ?? '')?.[1];
  if (major !== undefined) return Number(major) >= 3 ? 3 : 2;
  if (version?.startsWith('tfjs')) return 2;
  return model.layers.some(({ config, module }) => 'batch_shape' in config || module.startsWith('keras.')) ? 3 : 2;
}

const LABEL_FILES = /^(labels?|classes|class[_-]?names?|class_indices|imagenet_class_index|metadata)\.(txt|json)$/i;

function labelsAmong(files: Files): string[] | undefined {
  for (const [name, bytes] of files) {
    if (!LABEL_FILES.test(baseName(name))) continue;
    const content = new TextDecoder().decode(bytes);
    const labels = /\.json$/i.test(name) ? readLabels(tryJson(bytes, name, false)) : readLabels(content);
    if (labels) return labels;
  }
  return undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
