import { type ColormapName, colormap } from '@seewhy/core';
import { short } from '../draw/text.ts';

/** The colours of a map and the raw values at their ends. */
export function Legend({ range, colours }: { range: readonly [number, number]; colours: ColormapName }) {
  const table = colormap(colours);
  const stops = Array.from({ length: 17 }, (_, i) => {
    const at = Math.min(255, i * 16) * 3;
    return `rgb(${table[at]} ${table[at + 1]} ${table[at + 2]}) ${(100 * i) / 16}%`;
  });
  return (
    <div class="legend" role="img" aria-label={`Colours from raw value ${short(range[0])} to ${short(range[1])}`}>
      <span class="legend-bar" style={{ background: `linear-gradient(to right, ${stops.join(', ')})` }} />
      <span class="legend-ends" aria-hidden="true">
        <span>{short(range[0])}</span>
        <span>raw value</span>
        <span>{short(range[1])}</span>
      </span>
    </div>
  );
}
