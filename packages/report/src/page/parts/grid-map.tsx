import { useMemo } from 'preact/hooks';
import { decodeGrid } from '../../map-statistics/map-grid.ts';
import { coloursFor } from '../state/display.ts';
import { run } from '../state/report.ts';
import { Heat } from './heat.tsx';

/** A coarse map of 16 × 16 cells, smoothed by the browser. */
export function GridMap({ grid, alt }: { grid: string; alt?: string }) {
  const map = useMemo(() => ({ width: 16, height: 16, data: new Uint8Array(decodeGrid(grid)) }), [grid]);
  const [, height, width] = run.model.input;
  return (
    <span class="thumb" style={{ aspectRatio: `${width} / ${height}` }}>
      <Heat map={map} colours={coloursFor(false)} />
      {alt && <span class="unseen">{alt}</span>}
    </span>
  );
}
