import { type DataType, float16ToFloat32 } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import type { RawWeight } from '../weights/source.ts';
import { baseName, type Files, staysInside } from './files.ts';
import { isObject, type Json, parseJson } from './json.ts';

/** A TensorFlow.js model as it lies in its files. */
export interface TfjsModel {
  /** What tensorflowjs_converter and `tf.LayersModel.save` call it. */
  readonly format: 'layers-model' | 'graph-model';
  /** `modelTopology`: a Keras architecture, or a TensorFlow GraphDef as JSON. */
  readonly topology: Json;
  /** Weights in the order of the manifest, quantised ones as what they stand for. */
  readonly weights: ReadonlyMap<string, RawWeight>;
  /** The whole model.json: signature, generatedBy, userDefinedMetadata. */
  readonly json: Json;
}

/** Bytes of one element as stored. */
const SIZES: Readonly<Record<string, number>> = {
  float32: 4,
  float16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  int16: 2,
  uint16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
  complex64: 8,
};

/** Bytes that quantised weights are read as, at most. */
const MOST_BYTES = 4 * 2 ** 30;

/** True for the JSON of a TensorFlow.js model: topology and manifest. */
export function isTfjsJson(json: unknown): json is Json {
  return isObject(json) && 'modelTopology' in json;
}

/** True for the list of weights that older converters and face-api keep in a file of its own. */
export function isManifest(json: unknown): boolean {
  return (
    Array.isArray(json) && json.length > 0 && json.every((group) => isObject(group) && Array.isArray(group.weights))
  );
}

/**
 * Reads `model.json` and its shards. Shard paths are relative to model.json's own folder and confined to it; `files` may be
 * keyed by that path or by file name alone.
 * @throws JSON_INVALID, MANIFEST_INVALID, SHARD_MISSING, SHARD_ESCAPES, SHARD_TRUNCATED
 */
export function readTfjs(name: string, files: Files): TfjsModel {
  const bytes = files.get(name);
  if (!bytes) throw errors.shardMissing(name, [...files.keys()]);
  const json = parseJson(bytes, name);
  if (!isTfjsJson(json)) throw errors.unknownFormat(name, 'its JSON has no modelTopology');
  const topology = json.modelTopology;
  if (!isObject(topology)) throw errors.badManifest(name, 'modelTopology is no object');
  const format = json.format === 'graph-model' || Array.isArray(topology.node) ? 'graph-model' : 'layers-model';
  const folder = name.slice(0, name.length - baseName(name).length);
  return { format, topology, json, weights: readManifest(json.weightsManifest ?? [], folder, files) };
}

/**
 * The weights of a manifest: `[{ paths, weights: [{ name, shape, dtype, quantization? }] }]`. A group's weights lie one behind
 * the other in its files, which are joined first. Quantised weights (uint8, uint16: q · scale + min; float16) come out as float32.
 * @param folder put before each path, '' or with a slash at the end
 * @throws MANIFEST_INVALID, SHARD_MISSING, SHARD_ESCAPES, SHARD_TRUNCATED
 */
export function readManifest(manifest: unknown, folder: string, files: Files): Map<string, RawWeight> {
  if (!Array.isArray(manifest)) throw errors.badManifest('weightsManifest', 'it is no list');
  const weights = new Map<string, RawWeight>();
  manifest.forEach((group: unknown, index) => {
    const where = `group ${index} of weightsManifest`;
    if (!isObject(group) || !Array.isArray(group.paths) || !Array.isArray(group.weights))
      throw errors.badManifest(where, 'paths or weights are missing');
    const shards = group.paths.map((path: unknown) => shard(path, folder, files, where));
    readSpecs(group.weights, joined(shards), where, weights);
  });
  return weights;
}

/**
 * The weights of one buffer by their specifications, as `tf.io.ModelArtifacts` has them.
 * @throws MANIFEST_INVALID, SHARD_TRUNCATED
 */
export function readWeights(specs: unknown, data: Uint8Array): Map<string, RawWeight> {
  const weights = new Map<string, RawWeight>();
  if (!Array.isArray(specs)) throw errors.badManifest('weightSpecs', 'it is no list');
  readSpecs(specs, data, 'weightSpecs', weights);
  return weights;
}

function shard(path: unknown, folder: string, files: Files, where: string): Uint8Array {
  if (typeof path !== 'string') throw errors.badManifest(where, 'a path is no text');
  if (!staysInside(path)) throw errors.shardEscapes(path);
  const plain = path.replace(/^(\.\/)+/, '');
  const bytes = files.get(folder + plain) ?? files.get(plain) ?? files.get(baseName(plain));
  if (!bytes) throw errors.shardMissing(path, [...files.keys()]);
  return bytes;
}

function joined(shards: readonly Uint8Array[]): Uint8Array {
  if (shards.length === 1) return shards[0]!;
  const whole = new Uint8Array(shards.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const bytes of shards) {
    whole.set(bytes, at);
    at += bytes.length;
  }
  return whole;
}

function readSpecs(specs: readonly unknown[], data: Uint8Array, where: string, into: Map<string, RawWeight>): void {
  let at = 0;
  let decoded = 0;
  for (const spec of specs) {
    if (!isObject(spec) || typeof spec.name !== 'string') throw errors.badManifest(where, 'a weight has no name');
    const { name } = spec;
    const label = `weight '${name.slice(0, 100)}' in ${where}`;
    if (into.has(name)) throw errors.weightTwice(name, where);
    const dims = spec.shape;
    if (!Array.isArray(dims) || !dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0))
      throw errors.badManifest(label, 'its shape is no list of whole numbers');
    const size = dims.reduce((product: number, dim: number) => product * dim, 1);
    if (spec.dtype === 'string') {
      const end = endOfStrings(data, at, size);
      if (end === undefined) throw errors.shardTruncated(label, data.length, at + 4 * size);
      const bytes = data.subarray(at, end);
      into.set(name, { type: 'string', dims, read: () => bytes });
      at = end;
      continue;
    }
    const quantization = readQuantization(spec.quantization, label);
    const stored = quantization?.dtype ?? String(spec.dtype);
    if (!Object.hasOwn(SIZES, stored))
      throw errors.badManifest(label, `its dtype '${stored.slice(0, 40)}' is not known`);
    const length = size * SIZES[stored]!;
    if (!(at + length <= data.length)) throw errors.shardTruncated(label, data.length, at + length);
    decoded += size * 4;
    if (!(decoded <= MOST_BYTES)) throw errors.badManifest(label, 'the weights are larger than 4 GB');
    const bytes = data.subarray(at, at + length);
    at += length;
    into.set(
      name,
      quantization
        ? {
            type: spec.dtype === 'int32' ? 'int32' : 'float32',
            dims,
            read: () => dequantised(bytes, size, quantization, spec.dtype),
          }
        : stored === 'float16'
          ? {
              type: 'float32',
              dims,
              read: () => dequantised(bytes, size, { dtype: 'float16', scale: 1, min: 0 }, 'float32'),
            }
          : { type: stored as DataType, dims, read: () => bytes },
    );
  }
}

interface Quantization {
  dtype: 'uint8' | 'uint16' | 'float16';
  scale: number;
  min: number;
}

function readQuantization(value: unknown, label: string): Quantization | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw errors.badManifest(label, 'its quantization is no object');
  const { dtype } = value;
  if (dtype === 'float16') return { dtype, scale: 1, min: 0 };
  if (dtype !== 'uint8' && dtype !== 'uint16')
    throw errors.badManifest(
      label,
      `it is quantised as '${String(dtype).slice(0, 40)}'; uint8, uint16 and float16 are known`,
    );
  const { scale, min } = value;
  if (typeof scale !== 'number' || typeof min !== 'number' || !Number.isFinite(scale) || !Number.isFinite(min))
    throw errors.badManifest(label, 'its quantization has no scale or min');
  return { dtype, scale, min };
}

function dequantised(bytes: Uint8Array, size: number, { dtype, scale, min }: Quantization, type: unknown): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = type === 'int32' ? new Int32Array(size) : new Float32Array(size);
  for (let at = 0; at < size; at++) {
    if (dtype === 'float16') values[at] = float16ToFloat32(view.getUint16(2 * at, true));
    else {
      const value = (dtype === 'uint8' ? bytes[at]! : view.getUint16(2 * at, true)) * scale + min;
      values[at] = type === 'int32' ? Math.round(value) : value;
    }
  }
  return new Uint8Array(values.buffer);
}

/** Texts are stored one behind the other, each with its length in four bytes before it. */
function endOfStrings(data: Uint8Array, start: number, count: number): number | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let at = start;
  for (let left = count; left > 0; left--) {
    if (at + 4 > data.length) return undefined;
    at += 4 + view.getUint32(at, true);
    if (at > data.length) return undefined;
  }
  return at;
}
