import type { Samples } from './flatten.ts';
import type { PixelWindow } from './window.ts';

type DeepData = Uint16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

/** Interleaved samples of more than 8 bits; with 2 or 4 channels the last one is alpha. */
export interface DeepSamples {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: DeepData;
}

/** Bits that cameras and scanners deliver in 16-bit files. */
const DEPTHS = [8, 12, 14, 16];

/**
 * Samples as 0..255.
 *
 * `auto`: of unsigned 16-bit samples the highest 8 of the bits that the picture uses, of 8, 12, 14 and 16; floats are taken for 0..1,
 * or 0..255 when they are larger; all else goes from the picture's smallest to its largest value.
 * `range` and `[low, high]`: `255 (v - low) / (high - low)`, rounded and clipped. Alpha is of the type's full range.
 */
export function toBytes(deep: DeepSamples, window: PixelWindow = 'auto'): Samples & { readonly note?: string } {
  const { width, height, channels, data } = deep;
  const colours = channels === 2 || channels === 4 ? channels - 1 : channels;
  const [smallest, largest] = rangeOf(deep, colours);
  const { map, note } = mapping(data, smallest, largest, window);
  const out = new Uint8Array(data.length);
  const alpha = fullRange(data);
  for (let i = 0; i < data.length; i++) out[i] = i % channels < colours ? map(data[i]!) : alpha(data[i]!);
  return { width, height, channels, data: out, ...(note === undefined ? {} : { note }) };
}

type Map = (value: number) => number;

function mapping(data: DeepData, low: number, high: number, window: PixelWindow): { map: Map; note?: string } {
  if (window === 'full') return { map: fullRange(data) };
  if (window === 'range')
    return {
      map: linear(low, high),
      note: `Its values, ${short(low)} to ${short(high)}, were stretched to black and white.`,
    };
  if (window !== 'auto') return { map: linear(window[0], window[1]) };
  if (data instanceof Uint16Array) {
    const bits = DEPTHS.find((depth) => high < 2 ** depth)!;
    if (bits === 16) return { map: fullRange(data) };
    return {
      map: (value) => value >> (bits - 8),
      note: `16-bit picture whose values, up to ${high}, take ${bits} bits: it was read as a picture of ${bits} bits.`,
    };
  }
  const real = data instanceof Float32Array || data instanceof Float64Array;
  if (real && low >= 0 && high <= 1) return { map: linear(0, 1) };
  if (real && low >= 0 && high <= 255) return { map: linear(0, 255) };
  return {
    map: linear(low, high),
    note: `Its ${real ? 'fractional' : `${data.BYTES_PER_ELEMENT * 8}-bit`} values, ${short(low)} to ${short(high)}, were stretched to black and white.`,
  };
}

/** The whole range of a type; of fractions 0..1. */
function fullRange(data: DeepData): Map {
  if (data instanceof Uint16Array) return (value) => value >> 8;
  if (data instanceof Uint32Array) return (value) => value >>> 24;
  if (data instanceof Int32Array) return (value) => (value >> 24) + 128;
  return linear(0, 1);
}

/** What is not a number is black; a window without width is a step at its value. */
const linear =
  (low: number, high: number): Map =>
  (value) => {
    if (Number.isNaN(value)) return 0;
    if (high <= low) return value > low ? 255 : 0;
    return Math.min(255, Math.max(0, Math.round((255 * (value - low)) / (high - low))));
  };

function rangeOf({ data, channels }: DeepSamples, colours: number): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (i % channels >= colours || !Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 0];
}

const short = (value: number): string => String(Number(value.toPrecision(4)));
