import { unknownName } from '../errors.ts';
import { COLORMAP_TABLES } from './colormaps.generated.ts';

/** Name of a colormap. */
export type ColormapName = keyof typeof COLORMAP_TABLES;

/** Names of the colormaps. `diverging` (blue, white, red) is for signed maps, the rest for 0..1. */
export const COLORMAPS = Object.keys(COLORMAP_TABLES) as ColormapName[];

const decoded = new Map<string, Uint8Array>();

/**
 * The 256 colours of a colormap: 768 bytes, R G B.
 *
 * viridis, magma, inferno, cividis and turbo equal matplotlib's and OpenCV's tables, jet equals OpenCV's COLORMAP_JET,
 * diverging is ColorBrewer's RdBu reversed. All but turbo and jet are perceptually even.
 * @throws SeewhyError `COLORMAP_UNKNOWN`
 */
export function colormap(name: ColormapName): Uint8Array {
  const known = decoded.get(name);
  if (known) return known;
  const packed = COLORMAP_TABLES[name];
  if (!packed) throw unknownName('colormap', name, COLORMAPS);
  const table = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  decoded.set(name, table);
  return table;
}

/** Table position of a shown value: 0..1 for sequential colormaps, -1..1 for the diverging one. NaN gives -1. */
export function colourIndex(value: number, signed: boolean): number {
  const unit = signed ? (value + 1) / 2 : value;
  if (!(unit >= 0)) return Number.isNaN(unit) ? -1 : 0;
  return unit >= 1 ? 255 : Math.round(unit * 255);
}

/** Ours: viridis (perceptually even, safe for the colour-blind, rare among the colours of photos), diverging for signed maps. */
export function defaultColormap(signed = false): ColormapName {
  return signed ? 'diverging' : 'viridis';
}
