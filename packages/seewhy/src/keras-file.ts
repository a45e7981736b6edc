import type { Stats } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import type { KerasModel } from '@seewhy/keras';
import { confinedLocation, isSeewhyError } from '@seewhy/onnx';
import { errors, systemCode } from './errors.ts';
import type { ModelFile } from './model-file.ts';

/** What a Keras or TensorFlow.js file says beyond its graph. */
export type KerasFacts = Pick<KerasModel, 'format' | 'name' | 'kerasVersion' | 'layers' | 'preprocessing' | 'labels'>;

/** The kinds of file that are read by @seewhy/keras, told by their first bytes. */
export type KerasKind = 'zip' | 'hdf5' | 'json';

/** Larger weights are not read into memory. */
const MOST_BYTES = 2 ** 31 - 1;
const LABELS = /^(labels?|classes|class[_-]?names?|class_indices|metadata)\.(txt|json)$/i;
const MOST_LABEL_BYTES = 4 << 20;

/** Which kind of Keras file begins with these bytes; undefined for everything else. */
export function kerasKind(start: Uint8Array): KerasKind | undefined {
  const begins = (...bytes: number[]) => bytes.every((byte, at) => start[at] === byte);
  if (begins(0x50, 0x4b, 3, 4)) return 'zip';
  if (begins(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a)) return 'hdf5';
  const text = new TextDecoder('latin1')
    .decode(start)
    .replace(/^\u00ef\u00bb\u00bf/, '')
    .trimStart();
  // A list of objects is a weights manifest of TensorFlow.js.
  return /^(\{|\[\s*\{)/.test(text) ? 'json' : undefined;
}

/**
 * Reads a Keras or TensorFlow.js model: a `.keras` or `.h5` file, a `model.json` with its shards or with the weights file beside it. Shards
 * are read from the model's own folder only.
 */
export async function readKerasFile(
  path: string,
  kind: KerasKind,
  size?: readonly [height: number, width: number],
): Promise<ModelFile & { readonly keras: KerasFacts }> {
  // The importer is loaded while the disk is waited for.
  const importing = import('@seewhy/keras');
  importing.catch(() => undefined);
  const main = await read(path, path);
  const files = new Map<string, Uint8Array>([[basename(path), main]]);
  if (kind === 'json') await addCompanions(path, main, files);
  const { importKeras } = await importing;
  const imported = await importKeras(files, {
    name: basename(path),
    ...(size ? { size } : {}),
  });
  const { graph, notices, format, name, kerasVersion, layers, preprocessing, labels } = imported;
  return {
    graph,
    bytes: files.size === 1 ? main : Buffer.concat([...files.values()]),
    path,
    notices: [...notices],
    keras: {
      format,
      name,
      layers,
      ...(kerasVersion === undefined ? {} : { kerasVersion }),
      ...(preprocessing ? { preprocessing } : {}),
      ...(labels ? { labels } : {}),
    },
  };
}

/** The shards that a TensorFlow.js manifest names, or the weights beside a Keras architecture; and labels beside either. */
async function addCompanions(path: string, main: Uint8Array, files: Map<string, Uint8Array>): Promise<void> {
  const folder = dirname(path);
  const shards = shardsOf(main);
  if (shards === undefined) {
    const stem = basename(path).replace(/\.json$/i, '');
    const names = (await readdir(folder)).filter((name) => /\.(h5|hdf5)$/i.test(name));
    const weights =
      names.find((name) => name.toLowerCase().startsWith(`${stem.toLowerCase()}.`)) ??
      (names.length === 1 ? names[0] : undefined);
    const map = (await readdir(folder)).find((name) => /\.weights\.json$/i.test(name));
    if (weights) files.set(weights, await read(join(folder, weights), weights));
    else if (map) {
      files.set(map, await read(join(folder, map), map));
      // Keras numbers the files of one map.
      for (const name of names.filter((one) => /_\d{5}\.weights\.h5$/i.test(one)))
        files.set(name, await read(join(folder, name), name));
    }
  } else {
    const home = await realpath(folder);
    let total = 0;
    for (const shard of shards) {
      const name = confinedLocation(shard.replace(/^(\.\/)+/, ''));
      const real = await realpath(join(folder, name)).catch(() => undefined);
      // A shard that is not there is for the importer to name.
      if (real === undefined) continue;
      if (real !== join(home, name) && !real.startsWith(home + sep)) throw errors.shardEscapes(shard, path);
      const bytes = await read(real, name);
      total += bytes.length;
      if (total > MOST_BYTES) throw errors.weightsTooLarge(path, total);
      files.set(name, bytes);
    }
  }
  for (const name of await readdir(folder)) {
    if (files.has(name) || !LABELS.test(name)) continue;
    const info = await stat(join(folder, name)).catch(() => undefined);
    if (info?.isFile() && info.size <= MOST_LABEL_BYTES) files.set(name, await read(join(folder, name), name));
  }
}

/** Names of the shards in a TensorFlow.js `model.json`; undefined for another JSON file (and for one that is broken: the importer says how). */
function shardsOf(main: Uint8Array): string[] | undefined {
  try {
    const json = JSON.parse(new TextDecoder().decode(main)) as Record<string, unknown>;
    if (!('modelTopology' in json)) return undefined;
    const groups = Array.isArray(json.weightsManifest) ? (json.weightsManifest as { paths?: unknown }[]) : [];
    return groups
      .flatMap((group) => (Array.isArray(group?.paths) ? group.paths : []))
      .filter((name) => typeof name === 'string');
  } catch {
    return undefined;
  }
}

async function read(path: string, name: string): Promise<Uint8Array> {
  let info: Stats;
  try {
    info = await stat(path);
    if (!info.isFile()) throw errors.file(name, 'is no file', 'Give the files of the model itself.');
    if (info.size > MOST_BYTES) throw errors.weightsTooLarge(name, info.size);
    return await readFile(path);
  } catch (cause) {
    if (isSeewhyError(cause)) throw cause;
    throw errors.file(name, `cannot be read (${systemCode(cause)})`, 'Check its permissions.', cause);
  }
}
