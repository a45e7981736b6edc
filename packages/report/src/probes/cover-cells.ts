import type { Picture } from '@seewhy/core';
import { GRID } from '../map-statistics/map-grid.ts';

/**
 * The picture with some of its 16 × 16 cells taken away: what they showed is replaced by colours drawn in from the pixels around them. Nothing
 * of the covered part stays, as it would in a blur (a blurred red patch is still red), and no foreign colour comes in, as with a grey square.
 *
 * Push and pull (S. Gortler et al., "The lumigraph", SIGGRAPH 1996): kept pixels are averaged down by halves until one pixel is left, then
 * each level fills what it lacks from the coarser one, interpolated between four pixels.
 *
 * A pixel belongs to the cell its middle lies in. Nothing covered: the picture itself; everything: its mean colour.
 * @param cells 256 values, row by row: not 0 is covered
 * @param object `height × width` values: colours are not drawn from where it is not 0 (an object must not spread into what surrounds it);
 *   ignored where nothing else is left to draw from
 */
export function coverCells(picture: Picture, cells: ArrayLike<number>, object?: ArrayLike<number>): Picture {
  const { width, height, data } = picture;
  const column = cellsOf(width);
  const row = cellsOf(height);
  const covered = new Uint8Array(width * height);
  let count = 0;
  let sources = 0;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (cells[row[y]! * GRID + column[x]!] !== 0) {
        covered[at] = 1;
        count++;
      } else if (object?.[at] === 0) sources++;
    }
  }
  if (count === 0) return picture;
  const barred = sources > 0 ? object : undefined;
  const all = count === covered.length;

  const finest: Level = {
    width,
    height,
    values: new Float32Array(width * height * 3),
    weights: new Float32Array(width * height),
  };
  for (let at = 0; at < covered.length; at++) {
    if (!all && (covered[at] === 1 || (barred && barred[at] !== 0))) continue;
    finest.weights[at] = 1;
    for (let c = 0; c < 3; c++) finest.values[at * 3 + c] = data[at * 3 + c]!;
  }
  const levels = [finest];
  for (let level = finest; level.width > 1 || level.height > 1; level = levels.at(-1)!) levels.push(halved(level));
  for (let i = levels.length - 2; i >= 0; i--) fill(levels[i]!, levels[i + 1]!);

  const filled = data.slice();
  const last = levels.at(-1)!;
  for (let at = 0; at < covered.length; at++) {
    if (covered[at] === 0) continue;
    for (let c = 0; c < 3; c++) filled[at * 3 + c] = Math.round(all ? last.values[c]! : finest.values[at * 3 + c]!);
  }
  return { ...picture, data: filled };
}

/** Cell that the middle of each of `count` pixels lies in. */
const cellsOf = (count: number) =>
  Uint8Array.from({ length: count }, (_, i) => Math.min(GRID - 1, Math.floor(((i + 0.5) * GRID) / count)));

/** Mean colours of what is kept below each pixel, and how much of it is kept (0..1). */
interface Level {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
  readonly weights: Float32Array;
}

function halved(from: Level): Level {
  const width = Math.ceil(from.width / 2);
  const height = Math.ceil(from.height / 2);
  const level: Level = {
    width,
    height,
    values: new Float32Array(width * height * 3),
    weights: new Float32Array(width * height),
  };
  const { values, weights } = from;
  for (let y = 0, at = 0; y < height; y++) {
    const rows = Math.min(from.height - 2 * y, 2);
    for (let x = 0; x < width; x++, at++) {
      const columns = Math.min(from.width - 2 * x, 2);
      let [weight, red, green, blue] = [0, 0, 0, 0];
      for (let v = 0; v < rows; v++) {
        for (let u = 0; u < columns; u++) {
          const i = (2 * y + v) * from.width + 2 * x + u;
          const w = weights[i]!;
          if (w === 0) continue;
          weight += w;
          red += w * values[i * 3]!;
          green += w * values[i * 3 + 1]!;
          blue += w * values[i * 3 + 2]!;
        }
      }
      if (weight === 0) continue;
      level.weights[at] = weight / (rows * columns);
      level.values[at * 3] = red / weight;
      level.values[at * 3 + 1] = green / weight;
      level.values[at * 3 + 2] = blue / weight;
    }
  }
  return level;
}

/** What a pixel lacks comes from the coarser level, which lacks nothing. */
function fill(fine: Level, coarse: Level): void {
  const across = between(fine.width, coarse.width);
  const down = between(fine.height, coarse.height);
  const { values, weights } = fine;
  const from = coarse.values;
  for (let y = 0, at = 0; y < fine.height; y++) {
    const top = down.first[y]! * coarse.width;
    const bottom = down.second[y]! * coarse.width;
    const lower = down.share[y]!;
    for (let x = 0; x < fine.width; x++, at++) {
      const own = weights[at]!;
      if (own === 1) continue;
      const [left, right, share] = [across.first[x]!, across.second[x]!, across.share[x]!];
      const [a, b, c, d] = [(top + left) * 3, (top + right) * 3, (bottom + left) * 3, (bottom + right) * 3];
      for (let channel = 0; channel < 3; channel++) {
        const upper = from[a + channel]! * (1 - share) + from[b + channel]! * share;
        const under = from[c + channel]! * (1 - share) + from[d + channel]! * share;
        const i = at * 3 + channel;
        values[i] = own * values[i]! + (1 - own) * (upper * (1 - lower) + under * lower);
      }
    }
  }
}

/** The two coarse pixels around each fine one along an axis, and how far it lies towards the second. */
function between(fine: number, coarse: number) {
  const first = new Int32Array(fine);
  const second = new Int32Array(fine);
  const share = new Float64Array(fine);
  for (let i = 0; i < fine; i++) {
    const place = Math.min(coarse - 1, Math.max(0, (i + 0.5) / 2 - 0.5));
    first[i] = Math.floor(place);
    second[i] = Math.min(coarse - 1, first[i]! + 1);
    share[i] = place - first[i]!;
  }
  return { first, second, share };
}
