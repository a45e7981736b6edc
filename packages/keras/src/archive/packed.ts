import { errors } from '../errors.ts';
import type { Files } from './files.ts';
import { unzip } from './zip.ts';

/** What a model may be made of, weights of TensorFlow.js without an ending too. */
const PARTS = /\.(json|bin|h5|hdf5|keras|pb)$|shard\d+of\d+$/i;
const LABELS = /\.txt$/i;
/** Names in a message. */
const SHOWN = 4;

/**
 * The files of a zip archive that holds a model as other programs pack it (Teachable Machine: `model.json`, weights and labels, or
 * `keras_model.h5` and labels); undefined for a `.keras` archive, also an incomplete one.
 * @throws ARCHIVE_INVALID, also where nothing in it can belong to a model; ARCHIVE_ESCAPES, ARCHIVE_TOO_LARGE
 */
export function packedFiles(bytes: Uint8Array, name: string): Files | undefined {
  const entries: string[] = [];
  unzip(bytes, name, (entry) => {
    if (!entry.endsWith('/') && !entry.startsWith('__MACOSX/')) entries.push(entry);
    return false;
  });
  if (entries.length === 0 || entries.includes('config.json') || entries.includes('model.weights.h5')) return undefined;
  if (!entries.some((entry) => PARTS.test(entry))) {
    const more = entries.length > SHOWN ? ' …' : '';
    throw errors.badArchive(name, `it has no config.json, but ${entries.slice(0, SHOWN).join(', ')}${more}`);
  }
  return unzip(bytes, name, (entry) => PARTS.test(entry) || LABELS.test(entry));
}
