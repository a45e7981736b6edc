import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Rows beyond the visible ones that exist too, rows before the first look, and rows that are so few that all exist. */
const AHEAD = 6;
const AT_FIRST = 24;
const FEW = 60;

/**
 * The rows of a long table that are near the visible part of the page; all rows are of one height.
 * @param count rows of the whole table
 * @returns `body` for its tbody; rows from `first` up to before `end` are to be drawn, with room of `before` and `after` pixels around them
 */
export function useRowsInSight(count: number) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [{ first, end, height }, setShown] = useState({ first: 0, end: AT_FIRST, height: 0 });
  useLayoutEffect(() => {
    let waiting = 0;
    const measure = () => {
      waiting = 0;
      const row = body.current?.querySelector<HTMLElement>('tr[aria-rowindex]');
      if (!row) return;
      const tall = row.offsetHeight;
      const top = body.current!.getBoundingClientRect().top;
      const from = Math.max(0, Math.floor(-top / tall) - AHEAD);
      const to = Math.max(from + 1, Math.ceil((window.innerHeight - top) / tall) + AHEAD);
      setShown((before) =>
        before.first === from && before.end === to && before.height === tall
          ? before
          : { first: from, end: to, height: tall },
      );
    };
    const later = () => {
      if (!waiting) waiting = requestAnimationFrame(measure);
    };
    // What stands above the table moves it when it grows.
    const resized = new ResizeObserver(later);
    resized.observe(document.body);
    window.addEventListener('scroll', later, { passive: true });
    window.addEventListener('resize', later);
    measure();
    return () => {
      if (waiting) cancelAnimationFrame(waiting);
      resized.disconnect();
      window.removeEventListener('scroll', later);
      window.removeEventListener('resize', later);
    };
  }, [count === 0]);
  if (count <= FEW) return { body, first: 0, end: count, before: 0, after: 0 };
  const from = Math.min(first, Math.max(0, count - AT_FIRST));
  const to = Math.min(end, count);
  return { body, first: from, end: to, before: from * height, after: (count - to) * height };
}
