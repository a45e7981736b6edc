import type { RawWeight } from '../weights/source.ts';

/** What Keras needs of an open HDF5 file: groups, attributes that hold text, datasets. */
export interface Hdf5File {
  /** 'group', 'dataset', or undefined where nothing is. */
  kind(path: string): 'group' | 'dataset' | undefined;
  /** An attribute as text; undefined where it is not. */
  text(path: string, attribute: string): string | undefined;
  /** A list of texts, also one that was split into `name0`, `name1` … because HDF5 limits an attribute to 64 kB. */
  texts(path: string, attribute: string): string[] | undefined;
  /** Shape and type of a dataset; its elements when asked for. */
  dataset(path: string): RawWeight;
}

const MOST_PIECES = 100_000;

/** The list of texts that `read` finds under a name, or in pieces under the name with a number behind it. */
export function textsInPieces(read: (name: string) => string[] | undefined, attribute: string): string[] | undefined {
  const whole = read(attribute);
  if (whole !== undefined) return whole;
  const pieces: string[] = [];
  for (let at = 0; at < MOST_PIECES; at++) {
    const piece = read(`${attribute}${at}`);
    if (piece === undefined) return at === 0 ? undefined : pieces;
    for (const text of piece) pieces.push(text);
  }
  return pieces;
}
