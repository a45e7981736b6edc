import type { ColormapName } from '@seewhy/core';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Plane } from '../../bundle/report-reader.ts';
import { paintHeat } from '../draw/heat.ts';
import { whenFree } from '../draw/queue.ts';

interface HeatProps {
  /** The map, or how to get it: then it is drawn when a frame has time. */
  readonly map: Plane | (() => Plane | undefined);
  /** Names the map where it is given by a function. */
  readonly name?: string;
  readonly colours: ColormapName;
  /** Opacity where the map is strongest; none: the map alone, without a picture below. */
  readonly alpha?: number;
  readonly clip?: string | undefined;
}

/** A map in its colours, stretched over what holds it. */
export function Heat({ map, name, colours, alpha, clip }: HeatProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const draw = (plane: Plane | undefined) => {
      if (canvas.current && plane) paintHeat(canvas.current, plane, colours, alpha);
    };
    if (typeof map === 'function') {
      const takeBack = whenFree(() => draw(map()));
      return () => void takeBack();
    }
    draw(map);
  }, [name ?? map, colours, alpha]);
  return <canvas ref={canvas} class="heat" style={{ clipPath: clip ?? 'none' }} />;
}
