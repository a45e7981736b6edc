/** Interleaved 8-bit samples with 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA) channels. */
export interface Samples {
  width: number;
  height: number;
  channels: number;
  data: Uint8Array;
}

/** Samples of a decoder, upright, and what was decided on the way. */
export interface Decoded extends Samples {
  notes: string[];
  /** How the file's rows lay before they were put upright: EXIF's 1 to 8 (default 1: as they are). */
  orientation?: number;
}

/** A colour for what is transparent: R, G, B, 0..255. */
export type Background = readonly [number, number, number];

/**
 * RGB of any number of channels: grey is repeated, alpha laid over the background,
 * `(alpha * colour + (255 - alpha) * background) / 255`, rounded. `transparent` tells whether any pixel was.
 */
export function flatten(samples: Samples, background: Background): { data: Uint8Array; transparent: boolean } {
  const { channels, data } = samples;
  if (channels === 3) return { data, transparent: false };
  const pixels = samples.width * samples.height;
  const out = new Uint8Array(pixels * 3);
  const hasAlpha = channels === 2 || channels === 4;
  const colours = channels >= 3 ? 3 : 1;
  let transparent = false;
  for (let i = 0; i < pixels; i++) {
    const from = i * channels;
    const alpha = hasAlpha ? data[from + channels - 1]! : 255;
    if (alpha !== 255) transparent = true;
    for (let c = 0; c < 3; c++) {
      const value = data[from + (colours === 3 ? c : 0)]!;
      out[i * 3 + c] = alpha === 255 ? value : Math.round((value * alpha + background[c]! * (255 - alpha)) / 255);
    }
  }
  return { data: out, transparent };
}
