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
  for (let i = 0; i < filled.length; i++) {
    const at = Math.floor(i / 3);
    if (covered[at] === 1) filled[i] = Math.round(all ? last.values[i % 3]! : finest.values[i]!);
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
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      let weight = 0;
      let count = 0;
      for (let v = 2 * y; v < Math.min(from.height, 2 * y + 2); v++) {
        for (let u = 2 * x; u < Math.min(from.width, 2 * x + 2); u++, count++) {
          const w = from.weights[v * from.width + u]!;
          weight += w;
          for (let c = 0; c < 3; c++) level.values[at * 3 + c]! += w * from.values[(v * from.width + u) * 3 + c]!;
        }
      }
      level.weights[at] = weight / count;
      if (weight > 0) for (let c = 0; c < 3; c++) level.values[at * 3 + c]! /= weight;
    }
  }
  return level;
}

/** What a pixel lacks comes from the coarser level, which lacks nothing. */
function fill(fine: Level, coarse: Level): void {
  for (let y = 0, at = 0; y < fine.height; y++) {
    const [top, bottom, down] = between(y, coarse.height);
    for (let x = 0; x < fine.width; x++, at++) {
      const own = fine.weights[at]!;
      if (own === 1) continue;
      const [left, right, across] = between(x, coarse.width);
      for (let c = 0; c < 3; c++) {
        const value = (u: number, v: number) => coarse.values[(v * coarse.width + u) * 3 + c]!;
        const upper = value(left, top) * (1 - across) + value(right, top) * across;
        const lower = value(left, bottom) * (1 - across) + value(right, bottom) * across;
        fine.values[at * 3 + c] = own * fine.values[at * 3 + c]! + (1 - own) * (upper * (1 - down) + lower * down);
      }
    }
  }
}

/** The two coarse pixels around fine pixel `i`, and how far it lies towards the second. */
function between(i: number, count: number): [first: number, second: number, share: number] {
  const place = Math.min(count - 1, Math.max(0, (i + 0.5) / 2 - 0.5));
  const first = Math.floor(place);
  return [first, Math.min(count - 1, first + 1), place - first];
}
