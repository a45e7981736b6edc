import { deflateSync, inflateSync } from 'fflate';
import { errors } from '../errors.ts';

/**
 * What a value is predicted from before the difference is compressed: nothing, its left neighbour, the one above, or
 * left + above − above left (exact on a plane: heatmaps enlarged bilinearly are pieces of planes, nearly).
 */
type Predictor = (left: number, above: number, corner: number) => number;

const PREDICTORS: readonly Predictor[] = [
  () => 0,
  (left) => left,
  (_, above) => above,
  (left, above, corner) => left + above - corner,
];

/** A map of bytes, row by row, without loss: its best predictor's number, then the differences (mod 256) deflated. */
export function packMap(data: Uint8Array, width: number, height: number): Uint8Array {
  if (data.length !== width * height) throw errors.sizeWrong('map', { width, height, data });
  let best: { residuals: Uint8Array; cost: number; index: number } | undefined;
  PREDICTORS.forEach((predict, index) => {
    const residuals = new Uint8Array(width * height);
    let cost = 0;
    for (let y = 0, i = 0; y < height; y++)
      for (let x = 0; x < width; x++, i++) {
        const above = y > 0 ? data[i - width]! : 0;
        const left = x > 0 ? data[i - 1]! : above;
        const corner = x > 0 && y > 0 ? data[i - width - 1]! : above;
        const difference = (data[i]! - predict(left, above, corner)) & 255;
        residuals[i] = difference;
        cost += difference < 128 ? difference : 256 - difference;
      }
    if (!best || cost < best.cost) best = { residuals, cost, index };
  });
  const packed = deflateSync(best!.residuals, { level: 6 });
  const out = new Uint8Array(1 + packed.length);
  out[0] = best!.index;
  out.set(packed, 1);
  return out;
}

/** The map that `packMap` packed; undefined when the bytes are not such a map. */
export function unpackMap(bytes: Uint8Array, width: number, height: number): Uint8Array<ArrayBuffer> | undefined {
  const predict = PREDICTORS[bytes[0] ?? -1];
  if (!predict) return undefined;
  const data = new Uint8Array(width * height);
  const residuals = inflateSync(bytes.subarray(1));
  if (residuals.length !== data.length) return undefined;
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const above = y > 0 ? data[i - width]! : 0;
      const left = x > 0 ? data[i - 1]! : above;
      const corner = x > 0 && y > 0 ? data[i - width - 1]! : above;
      data[i] = residuals[i]! + predict(left, above, corner);
    }
  return data;
}
