import { type ColormapName, colormap } from '@seewhy/core';
import { short } from '../draw/text.ts';
import { coloursFor, look, method } from '../state/display.ts';

/** The colours of a map and the raw values at their ends. */
export function Legend({ range, colours }: { range: readonly [number, number]; colours: ColormapName }) {
  return (
    <div class="legend" role="img" aria-label={`Colours from raw value ${short(range[0])} to ${short(range[1])}`}>
      <Bar colours={colours} />
      <span class="legend-ends" aria-hidden="true">
        <span>{short(range[0])}</span>
        <span>raw value</span>
        <span>{short(range[1])}</span>
      </span>
    </div>
  );
}

/** What the colours of a gallery mean, on paper. */
export function PrintLegend() {
  const shown = method.value;
  if (!shown || look.value === 'picture') return null;
  return (
    <div class="legend">
      <Bar colours={coloursFor(shown.signed)} />
      <span class="legend-ends">
        <span>{shown.signed ? 'strongest against' : 'none'}</span>
        <span>{shown.title}, each picture by its own range</span>
        <span>strongest</span>
      </span>
    </div>
  );
}

function Bar({ colours }: { colours: ColormapName }) {
  const table = colormap(colours);
  const stops = Array.from({ length: 17 }, (_, i) => {
    const at = Math.min(255, i * 16) * 3;
    return `rgb(${table[at]} ${table[at + 1]} ${table[at + 2]}) ${(100 * i) / 16}%`;
  });
  return <span class="legend-bar" style={{ background: `linear-gradient(to right, ${stops.join(', ')})` }} />;
}
