import type { Plane } from '../../bundle/report-reader.ts';

/**
 * Lines where a map crosses a level (0..255), as an SVG path in shares of the picture (0..1): marching squares over the pixels' middles,
 * with a frame around them that lies below every level, so that all lines are closed.
 */
export function contourPath({ width, height, data }: Plane, level: number): string {
  const value = (x: number, y: number) => (x < 0 || y < 0 || x >= width || y >= height ? -1 : data[y * width + x]!);
  const clamp = (share: number) => Math.min(1, Math.max(0, share));
  const path: string[] = [];
  const point = (x: number, y: number) =>
    `${clamp((x + 0.5) / width).toFixed(4)} ${clamp((y + 0.5) / height).toFixed(4)}`;
  const cross = (a: number, b: number) => (level - a) / (b - a);
  for (let y = -1; y < height; y++)
    for (let x = -1; x < width; x++) {
      const [a, b, c, d] = [value(x, y), value(x + 1, y), value(x + 1, y + 1), value(x, y + 1)];
      const corners = (a >= level ? 1 : 0) | (b >= level ? 2 : 0) | (c >= level ? 4 : 0) | (d >= level ? 8 : 0);
      if (corners === 0 || corners === 15) continue;
      const top = () => point(x + cross(a, b), y);
      const right = () => point(x + 1, y + cross(b, c));
      const bottom = () => point(x + cross(d, c), y + 1);
      const left = () => point(x, y + cross(a, d));
      for (const [from, to] of SEGMENTS[corners]!) {
        const ends = { top, right, bottom, left };
        path.push(`M${ends[from]()}L${ends[to]()}`);
      }
    }
  return path.join('');
}

type Edge = 'top' | 'right' | 'bottom' | 'left';
/** Which edges of a square a line joins, by the corners that lie above the level (1 upper left, 2 upper right, 4 lower right, 8 lower left). */
const SEGMENTS: readonly (readonly (readonly [Edge, Edge])[])[] = [
  [],
  [['left', 'top']],
  [['top', 'right']],
  [['left', 'right']],
  [['right', 'bottom']],
  [
    ['left', 'top'],
    ['right', 'bottom'],
  ],
  [['top', 'bottom']],
  [['left', 'bottom']],
  [['bottom', 'left']],
  [['bottom', 'top']],
  [
    ['bottom', 'left'],
    ['top', 'right'],
  ],
  [['bottom', 'right']],
  [['right', 'left']],
  [['right', 'top']],
  [['top', 'left']],
  [],
];
