import type { ColormapName } from '@seewhy/core';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { Plane } from '../../bundle/report-reader.ts';
import { contourPath } from '../draw/contours.ts';
import { run } from '../state/report.ts';
import { moveTo, pointer, shows, wipe, zoom, zoomTo } from '../state/viewer.ts';
import { Heat } from './heat.tsx';

interface StageProps {
  readonly url: string | undefined;
  readonly alt: string;
  readonly map?: Plane | undefined;
  readonly mask?: Plane | undefined;
  readonly colours: ColormapName;
  readonly alpha: number;
  /** The map stands on the right of a line that can be moved. */
  readonly wiping?: boolean;
}

/** Levels of the contour lines: a quarter, half and three quarters of the map's range. */
const LEVELS = [64, 128, 192];

/** One picture with what lies on it. All stages of the open picture move together. */
export function Stage({ url, alt, map, mask, colours, alpha, wiping = false }: StageProps) {
  const box = useRef<HTMLDivElement>(null);
  const { scale, x, y } = zoom.value;
  const showsContours = shows.contours.value && map;
  const contours = useMemo(
    () => (showsContours ? LEVELS.map((level) => contourPath(map, level)) : []),
    [showsContours],
  );
  const outline = useMemo(
    () => (mask && shows.mask.value ? contourPath(mask, 128) : undefined),
    [mask, shows.mask.value],
  );
  useGestures(box);
  const [, height, width] = run.model.input;
  const at = pointer.value;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a picture is no set of fields
    <div
      role="group"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the reading cross and the zoom are moved by keys here
      tabIndex={0}
      class="stage"
      ref={box}
      aria-label="Picture: plus and minus zoom, shift and arrows move the reading cross"
      style={{ aspectRatio: `${width} / ${height}` }}
    >
      <div
        class={scale > 3 ? 'world world-pixels' : 'world'}
        style={{ transform: `scale(${scale}) translate(${-100 * x}%, ${-100 * y}%)` }}
      >
        {url ? (
          <img src={url} alt={alt} draggable={false} />
        ) : (
          <p class="stage-none">This picture is not in this file.</p>
        )}
        {map && shows.overlay.value && (
          <Heat
            map={map}
            colours={colours}
            alpha={alpha}
            clip={wiping ? `inset(0 0 0 ${100 * (x + wipe.value / scale)}%)` : undefined}
          />
        )}
        {(contours.length > 0 || outline) && (
          <svg class="lines" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
            {contours.map((path, i) => (
              <g key={LEVELS[i]}>
                <path d={path} class="contour-under" />
                <path d={path} class={`contour contour-${i}`} />
              </g>
            ))}
            {outline && (
              <>
                <path d={outline} class="mask-under" />
                <path d={outline} class="mask-line" />
              </>
            )}
          </svg>
        )}
      </div>
      {wiping && <div class="wipe-line" style={{ left: `${100 * wipe.value}%` }} />}
      {at && (
        <div
          class="cross"
          aria-hidden="true"
          style={{ left: `${100 * (at.x - x) * scale}%`, top: `${100 * (at.y - y) * scale}%` }}
        />
      )}
    </div>
  );
}

/** Wheel and pinch zoom, dragging moves, a double click shows all; what the pointer is over is read out. */
function useGestures(box: { current: HTMLDivElement | null }) {
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const share = (event: { clientX: number; clientY: number }) => {
      const { left, top, width, height } = element.getBoundingClientRect();
      return { x: (event.clientX - left) / width, y: (event.clientY - top) / height };
    };
    const read = (event: PointerEvent) => {
      const now = zoom.peek();
      const at = share(event);
      pointer.value = { x: now.x + at.x / now.scale, y: now.y + at.y / now.scale };
    };
    const down = new Map<number, { x: number; y: number }>();
    let spread = 0;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const at = share(event);
      zoomTo(zoom.peek().scale * Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0022)), at.x, at.y);
    };
    const onDown = (event: PointerEvent) => {
      element.setPointerCapture(event.pointerId);
      down.set(event.pointerId, share(event));
      spread = 0;
      if (event.pointerType !== 'mouse') read(event);
    };
    const onMove = (event: PointerEvent) => {
      const before = down.get(event.pointerId);
      if (event.pointerType === 'mouse') read(event);
      if (!before) return;
      const at = share(event);
      down.set(event.pointerId, at);
      if (down.size === 2) {
        const [a, b] = [...down.values()] as [typeof at, typeof at];
        const apart = Math.hypot(a.x - b.x, a.y - b.y);
        if (spread > 0) zoomTo((zoom.peek().scale * apart) / spread, (a.x + b.x) / 2, (a.y + b.y) / 2);
        spread = apart;
      } else if (element.querySelector('.wipe-line') && zoom.peek().scale === 1) {
        wipe.value = Math.min(1, Math.max(0, at.x));
      } else {
        const now = zoom.peek();
        moveTo(now.x - (at.x - before.x) / now.scale, now.y - (at.y - before.y) / now.scale);
      }
    };
    const onUp = (event: PointerEvent) => {
      down.delete(event.pointerId);
      spread = 0;
    };
    const onLeave = (event: PointerEvent) => {
      if (event.pointerType === 'mouse' && down.size === 0) pointer.value = undefined;
    };
    const onDouble = (event: MouseEvent) => {
      const at = share(event);
      if (zoom.peek().scale > 1) zoom.value = { scale: 1, x: 0, y: 0 };
      else zoomTo(3, at.x, at.y);
    };
    const onKey = (event: KeyboardEvent) => {
      const [dx, dy] = STEPS[event.key] ?? [0, 0];
      if (event.shiftKey && (dx || dy)) {
        event.preventDefault();
        event.stopPropagation();
        const [, height, width] = run.model.input;
        const now = pointer.peek() ?? { x: 0.5, y: 0.5 };
        const inside = (at: number) => Math.min(0.9999, Math.max(0, at));
        pointer.value = { x: inside(now.x + (4 * dx) / width), y: inside(now.y + (4 * dy) / height) };
      }
    };
    const attached = new AbortController();
    const { signal } = attached;
    element.addEventListener('wheel', onWheel, { passive: false, signal });
    element.addEventListener('pointerdown', onDown, { signal });
    element.addEventListener('pointermove', onMove, { signal });
    element.addEventListener('pointerup', onUp, { signal });
    element.addEventListener('pointercancel', onUp, { signal });
    element.addEventListener('pointerleave', onLeave, { signal });
    element.addEventListener('dblclick', onDouble, { signal });
    element.addEventListener('keydown', onKey, { signal });
    return () => attached.abort();
  }, []);
}

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
