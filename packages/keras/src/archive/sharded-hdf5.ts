import { errors } from '../errors.ts';
import type { RawWeight } from '../weights/source.ts';
import { baseName, type Files, staysInside } from './files.ts';
import { withHdf5 } from './hdf5.ts';
import type { Hdf5File } from './hdf5-file.ts';
import { isObject, type Json } from './json.ts';

/** What Keras 3 writes beside weights in several files (`model.weights.json`): for each folder of weights the files that hold it. */
export type ShardMap = Json & { readonly weight_map: Json };

const MOST_FOLDERS = 100_000;
/** A folder's weights are numbered; they may lie in several files, so that a number may be missing in one. */
const MOST_GAP = 16;

export function isShardMap(json: unknown): json is ShardMap {
  return isObject(json) && isObject(json.weight_map) && !('class_name' in json);
}

/**
 * The weights of several HDF5 files as one file.
 * @param name of the map; the files lie beside it
 * @throws SHARD_MISSING, SHARD_ESCAPES, and what a damaged file throws
 */
export async function readShards(map: ShardMap, name: string, files: Files): Promise<Hdf5File> {
  const home = name.slice(0, name.length - baseName(name).length);
  const folders = Object.entries(map.weight_map);
  if (folders.length > MOST_FOLDERS) throw errors.tooLarge('folders of weights', MOST_FOLDERS);
  const byShard = new Map<string, string[]>();
  for (const [folder, shards] of folders)
    for (const shard of [shards].flat()) {
      if (typeof shard !== 'string') throw errors.badConfig(name, 'a weights file is no text');
      byShard.set(shard, [...(byShard.get(shard) ?? []), folder.replace(/^\/+/, '')]);
    }
  const weights = new Map<string, RawWeight>();
  for (const [shard, held] of byShard) {
    if (!staysInside(shard)) throw errors.shardEscapes(shard);
    const bytes = files.get(home + shard) ?? files.get(baseName(shard));
    if (!bytes) throw errors.shardMissing(shard, [...files.keys()]);
    await withHdf5(bytes, shard, (file) => {
      for (const folder of held) for (const [path, weight] of numbered(file, folder)) weights.set(path, weight);
    });
  }
  return new JoinedFile(weights);
}

/** A folder's numbered datasets, their bytes read: the file is closed behind it. */
function* numbered(file: Hdf5File, folder: string): Generator<[string, RawWeight]> {
  for (let at = 0, missing = 0; missing < MOST_GAP; at++) {
    const path = `${folder}/${at}`;
    if (file.kind(path) !== 'dataset') {
      missing++;
      continue;
    }
    missing = 0;
    const { type, dims, read } = file.dataset(path);
    const bytes = read();
    yield [path, { type, dims, read: () => bytes }];
  }
}

/** Datasets by their paths, and the folders around them. */
class JoinedFile implements Hdf5File {
  private readonly weights: ReadonlyMap<string, RawWeight>;
  private readonly folders = new Set<string>();

  constructor(weights: ReadonlyMap<string, RawWeight>) {
    this.weights = weights;
    for (const path of weights.keys())
      for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
        this.folders.add(path.slice(0, end));
  }

  kind(path: string): 'group' | 'dataset' | undefined {
    const plain = path.replace(/^\/+/, '');
    if (this.weights.has(plain)) return 'dataset';
    return this.folders.has(plain) ? 'group' : undefined;
  }

  text(): undefined {
    return undefined;
  }

  texts(): undefined {
    return undefined;
  }

  dataset(path: string): RawWeight {
    const found = this.weights.get(path.replace(/^\/+/, ''));
    if (!found) throw errors.hdf5Dataset('weights', path, 'it is not there');
    return found;
  }
}
