import type { ReadonlySignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

export const SIDE = 300;
const LEFT = 44;
const BOTTOM = 38;
const TOP = 10;
const RIGHT = 12;

/** Place of a share (0..1) on the chart. */
export const atX = (x: number) => LEFT + x * SIDE;
export const atY = (y: number) => TOP + (1 - y) * SIDE;

interface ChartProps {
  readonly title: string;
  /** What a sighted reader sees, in a sentence; as a signal where it follows the threshold. */
  readonly alt: string | ReadonlySignal<string>;
  readonly x: string;
  readonly y: string;
  readonly children: ComponentChildren;
  readonly note?: ComponentChildren;
  /** Told where the chart was clicked, in shares. */
  readonly onPick?: (x: number, y: number) => void;
}

/** A square chart with both axes from 0 to 1. */
export function Chart({ title, alt, x, y, children, note, onPick }: ChartProps) {
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1];
  return (
    <figure class="chart">
      <figcaption>
        <strong>{title}</strong>
        {note && <span class="quiet">{note}</span>}
      </figcaption>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the slider above does the same by keys */}
      <svg
        viewBox={`0 0 ${LEFT + SIDE + RIGHT} ${TOP + SIDE + BOTTOM}`}
        role="img"
        aria-label={alt}
        class={onPick ? 'pickable' : ''}
        onClick={
          onPick &&
          ((event: MouseEvent & { currentTarget: SVGSVGElement }) => {
            const { left, top, width } = event.currentTarget.getBoundingClientRect();
            const unit = width / (LEFT + SIDE + RIGHT);
            const share = (at: number) => Math.min(1, Math.max(0, at));
            onPick(
              share(((event.clientX - left) / unit - LEFT) / SIDE),
              share(1 - ((event.clientY - top) / unit - TOP) / SIDE),
            );
          })
        }
      >
        {ticks.map((tick) => (
          <g key={tick}>
            <path d={`M${atX(0)} ${atY(tick)}H${atX(1)}M${atX(tick)} ${atY(0)}V${atY(1)}`} class="grid" />
            <text x={atX(tick)} y={atY(0) + 15} class="tick tick-x">
              {tick}
            </text>
            <text x={LEFT - 7} y={atY(tick) + 4} class="tick tick-y">
              {tick}
            </text>
          </g>
        ))}
        <text x={atX(0.5)} y={atY(0) + 33} class="axis-name">
          {x}
        </text>
        <text transform={`translate(12 ${atY(0.5)}) rotate(-90)`} class="axis-name">
          {y}
        </text>
        {children}
      </svg>
    </figure>
  );
}

/** A line through shares, thinned to what can be told apart on the chart. */
export function linePath(x: ArrayLike<number>, y: ArrayLike<number>): string {
  let text = '';
  let before = '';
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(x[i]!) || !Number.isFinite(y[i]!)) continue;
    const point = `${atX(x[i]!).toFixed(1)} ${atY(y[i]!).toFixed(1)}`;
    if (point === before) continue;
    text += `${text ? 'L' : 'M'}${point}`;
    before = point;
  }
  return text;
}
