import type { MaskRegion } from './contract.ts';
import { datasetErrors } from './dataset-errors.ts';
import { fitMask, type Mask } from './mask.ts';

/** Most corners and runs of one region. */
const MOST_NUMBERS = 10_000_000;

/**
 * The union of regions as a mask. A pixel belongs to a box or a polygon where its centre lies inside.
 * @param drawnOn size of the picture that the regions were measured on; another size scales them. `shares`: they are shares of its sides
 * @throws SeewhyError `MASK_INVALID`, `MASK_SIZE`
 */
export function maskFromRegions(
  regions: readonly MaskRegion[],
  { width, height }: { readonly width: number; readonly height: number },
  where: string,
  drawnOn: readonly [width: number, height: number] | 'shares' = [width, height],
): { mask: Mask; note?: string } {
  if (drawnOn === 'shares') return { mask: maskOf(regions, { width, height }, where, [width, height]) };
  const off = Math.abs(drawnOn[0] * height - drawnOn[1] * width);
  if (off > Math.max(...drawnOn, width, height, 0.01 * drawnOn[0] * height))
    throw datasetErrors.maskSize(where, drawnOn.join('x'), `${width}x${height}`);
  const scale: readonly [number, number] = [width / drawnOn[0], height / drawnOn[1]];
  const mask = maskOf(regions, { width, height }, where, scale);
  if (scale[0] === 1 && scale[1] === 1) return { mask };
  return { mask, note: `Its regions were drawn on ${drawnOn.join('x')} pixels and scaled to ${width}x${height}.` };
}

function maskOf(
  regions: readonly MaskRegion[],
  { width, height }: { readonly width: number; readonly height: number },
  where: string,
  scale: readonly [number, number],
): Mask {
  const mask: Mask = { width, height, data: new Uint8Array(width * height) };
  for (const region of regions) {
    if ('box' in region) fillBox(mask, region.box, scale, where);
    else if ('polygon' in region) fillPolygon(mask, region.polygon, scale, where);
    else {
      const runs = maskFromRuns(region.runs, region.size, where);
      const fitted = fitMask(runs, mask, where).mask;
      for (let i = 0; i < fitted.data.length; i++) if (fitted.data[i] === 1) mask.data[i] = 1;
    }
  }
  return mask;
}

function fillBox(mask: Mask, box: readonly number[], [sx, sy]: readonly [number, number], where: string): void {
  if (!box.every(Number.isFinite)) throw datasetErrors.maskInvalid(where, 'a box is not made of numbers');
  const [x, y, width, height] = box as [number, number, number, number];
  const left = firstPixel(x * sx, mask.width);
  const right = firstPixel((x + width) * sx, mask.width);
  const bottom = firstPixel((y + height) * sy, mask.height);
  for (let row = firstPixel(y * sy, mask.height); row < bottom; row++)
    mask.data.fill(1, row * mask.width + left, row * mask.width + Math.max(left, right));
}

/** Index of the first pixel whose centre is not left of `edge`. */
const firstPixel = (edge: number, size: number): number => Math.min(size, Math.max(0, Math.ceil(edge - 0.5)));

/** Even-odd rule, a row of pixel centres after the other. */
function fillPolygon(mask: Mask, points: readonly number[], [sx, sy]: readonly [number, number], where: string): void {
  if (points.length < 6 || points.length % 2 !== 0 || points.length > MOST_NUMBERS || !points.every(Number.isFinite))
    throw datasetErrors.maskInvalid(where, `a polygon of ${points.length} numbers is not three or more corners`);
  const count = points.length / 2;
  // Edges by the first row they cross, so that a row looks only at those that reach it.
  const starts = new Map<number, { end: number; x0: number; y0: number; slope: number }[]>();
  for (let i = 0; i < count; i++) {
    const j = (i + 1) % count;
    let [x0, y0, x1, y1] = [points[i * 2]! * sx, points[i * 2 + 1]! * sy, points[j * 2]! * sx, points[j * 2 + 1]! * sy];
    if (y0 > y1) [x0, y0, x1, y1] = [x1, y1, x0, y0];
    const start = firstPixel(y0, mask.height);
    const end = firstPixel(y1, mask.height);
    if (start >= end) continue;
    const edge = { end, x0, y0, slope: (x1 - x0) / (y1 - y0) };
    const known = starts.get(start);
    if (known) known.push(edge);
    else starts.set(start, [edge]);
  }
  let active: { end: number; x0: number; y0: number; slope: number }[] = [];
  for (let row = 0; row < mask.height; row++) {
    active = active.filter(({ end }) => end > row);
    const begun = starts.get(row);
    if (begun) active.push(...begun);
    if (active.length === 0) continue;
    const crossings = active.map(({ x0, y0, slope }) => x0 + (row + 0.5 - y0) * slope).sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const left = firstPixel(crossings[i]!, mask.width);
      const right = firstPixel(crossings[i + 1]!, mask.width);
      if (right > left) mask.data.fill(1, row * mask.width + left, row * mask.width + right);
    }
  }
}

/**
 * COCO's run lengths: along the columns, the first run outside. As text each count is written in groups of five bits, lowest first,
 * from character 48; bit 5 says that more follow, bit 4 of the last is the sign; from the fourth count on it is the difference to the
 * count two before. Source: cocoapi, `maskApi.h`.
 * @throws SeewhyError `MASK_INVALID`
 */
export function maskFromRuns(runs: readonly number[] | string, size: readonly [number, number], where: string): Mask {
  const [height, width] = size;
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0 && width * height <= 2 ** 28))
    throw datasetErrors.maskInvalid(where, `run lengths of ${width}x${height} pixels`);
  const counts = typeof runs === 'string' ? countsOf(runs, where) : runs;
  const data = new Uint8Array(width * height);
  let at = 0;
  for (const [index, count] of counts.entries()) {
    if (!Number.isInteger(count) || count < 0 || at + count > data.length)
      throw datasetErrors.maskInvalid(where, `its run lengths do not fill ${width}x${height} pixels`);
    if (index % 2 === 1) for (let i = at; i < at + count; i++) data[(i % height) * width + Math.floor(i / height)] = 1;
    at += count;
  }
  if (at !== data.length)
    throw datasetErrors.maskInvalid(where, `its run lengths do not fill ${width}x${height} pixels`);
  return { width, height, data };
}

function countsOf(text: string, where: string): number[] {
  if (text.length > MOST_NUMBERS) throw datasetErrors.maskInvalid(where, 'its run lengths are too long');
  const counts: number[] = [];
  for (let at = 0; at < text.length; ) {
    let value = 0;
    let shift = 0;
    let code: number;
    do {
      code = text.charCodeAt(at++) - 48;
      if (!(code >= 0 && code < 64) || shift > 25)
        throw datasetErrors.maskInvalid(where, 'its run lengths are damaged');
      value |= (code & 0x1f) << shift;
      shift += 5;
    } while (code & 0x20);
    if (code & 0x10) value |= -1 << shift;
    counts.push(counts.length > 2 ? value + counts[counts.length - 2]! : value);
  }
  return counts;
}
