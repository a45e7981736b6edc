import { errors } from '../errors.ts';
import { isObject, type Json, parseJson } from './json.ts';
import { unzip } from './zip.ts';

/** What lies in a `.keras` archive. */
export interface KerasArchive {
  readonly config: unknown;
  readonly metadata: Json;
  /** The HDF5 file with the weights. */
  readonly weights: Uint8Array;
}

const MOST_TEXT = 256 << 20;

/**
 * Reads a `.keras` archive (Keras 3, tf_keras): config.json, metadata.json, model.weights.h5. Nothing else of it is unpacked.
 * @throws ARCHIVE_INVALID, ARCHIVE_ESCAPES, ARCHIVE_TOO_LARGE, JSON_INVALID
 */
export function readKerasArchive(bytes: Uint8Array, name: string): KerasArchive {
  const entries = unzip(
    bytes,
    name,
    (entry) => entry === 'config.json' || entry === 'metadata.json' || entry === 'model.weights.h5',
  );
  const config = entries.get('config.json');
  const weights = entries.get('model.weights.h5');
  if (!config) throw errors.badArchive(name, 'it has no config.json');
  if (!weights) throw errors.badArchive(name, 'it has no model.weights.h5');
  if (config.length > MOST_TEXT) throw errors.archiveBomb(name, 'config.json', `${config.length} bytes`);
  const metadata = entries.has('metadata.json') ? parseJson(entries.get('metadata.json')!, 'metadata.json') : {};
  return { config: parseJson(config, 'config.json'), metadata: isObject(metadata) ? metadata : {}, weights };
}
