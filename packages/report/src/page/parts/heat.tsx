import type { ColormapName } from '@seewhy/core';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Plane } from '../../bundle/report-reader.ts';
import { paintHeat } from '../draw/heat.ts';

interface HeatProps {
  readonly map: Plane;
  readonly colours: ColormapName;
  /** Opacity where the map is strongest; none: the map alone, without a picture below. */
  readonly alpha?: number;
  readonly clip?: string | undefined;
}

/** A map in its colours, stretched over what holds it. */
export function Heat({ map, colours, alpha, clip }: HeatProps) {
  const solid = alpha === undefined;
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    if (canvas.current) paintHeat(canvas.current, map, colours, solid);
  }, [map, colours, solid]);
  return <canvas ref={canvas} class="heat" style={{ opacity: alpha ?? 1, clipPath: clip ?? 'none' }} />;
}
