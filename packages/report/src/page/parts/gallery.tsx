import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { AuditRecord } from '../../index.ts';
import { MOST_PRINTED, printing } from '../state/printing.ts';
import { run } from '../state/report.ts';
import { openPicture } from '../state/viewer.ts';
import { PrintLegend } from './legend.tsx';
import { Caption, Thumb } from './tile.tsx';

interface GalleryProps {
  readonly records: readonly AuditRecord[];
  /** What is in it, for who cannot see. */
  readonly label: string;
  /** Least width of a tile in pixels (default 132). */
  readonly tile?: number;
  /** Scrolls by itself in a window of this many pixels instead of with the page. */
  readonly height?: number;
  readonly empty?: string;
  /** Only as many pictures as fill this many rows. */
  readonly rows?: number;
  /** What a tile holds (default: the picture and its caption), and how many pictures stand side by side in it. */
  readonly draw?: (record: AuditRecord) => ComponentChildren;
  readonly wide?: number;
}

const GAP = 12;
const CAPTION = 46;
/** Rows beyond the visible ones that are drawn too. */
const AHEAD = 2;

interface Window {
  readonly columns: number;
  readonly width: number;
  readonly first: number;
  readonly last: number;
}

/** Pictures in rows, of which only those near the visible part exist. One of them is in the tab order; arrow keys go on from there. */
export function Gallery({
  records: all,
  label,
  tile = 132,
  height,
  empty = 'No pictures.',
  rows,
  draw,
  wide = 1,
}: GalleryProps) {
  const box = useRef<HTMLDivElement>(null);
  const [shown, setShown] = useState<Window>({ columns: 1, width: tile, first: 0, last: -1 });
  const [active, setActive] = useState(0);
  const records = rows === undefined ? all : all.slice(0, rows * shown.columns);
  const focusWanted = useRef(false);
  const total = useRef(0);
  total.current = all.length;
  const measureAgain = useRef(() => {});
  const caption = CAPTION + (run.task === 'binary' ? 0 : 18);
  const [, inputHeight, inputWidth] = run.model.input;
  const rowOf = (width: number) => Math.round((width / wide) * (inputHeight / inputWidth)) + caption + GAP;

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    let waiting = 0;
    let [room, top] = [0, 0];
    const measure = () => {
      waiting = 0;
      room = element.clientWidth;
      top = height === undefined ? -element.getBoundingClientRect().top : element.scrollTop;
      place();
    };
    const place = () => {
      if (room === 0) return;
      const columns = Math.max(1, Math.floor((room + GAP) / (tile + GAP)));
      const width = Math.floor((room - (columns - 1) * GAP) / columns);
      const row = rowOf(width);
      const seen = height ?? window.innerHeight;
      const first = Math.max(0, Math.floor(top / row) - AHEAD) * columns;
      const last = Math.min(total.current, (Math.ceil((top + seen) / row) + AHEAD) * columns) - 1;
      setShown((before) =>
        before.columns === columns && before.width === width && before.first === first && before.last === last
          ? before
          : { columns, width, first, last },
      );
    };
    const later = () => {
      if (!waiting) waiting = requestAnimationFrame(measure);
    };
    const resized = new ResizeObserver(later);
    resized.observe(element);
    const scrolls = height === undefined ? window : element;
    scrolls.addEventListener('scroll', later, { passive: true });
    window.addEventListener('resize', later);
    // In a window of its own other pictures change neither room nor place; asking the browser would make it lay out the page at once.
    measureAgain.current = height === undefined ? measure : place;
    measure();
    return () => {
      if (waiting) cancelAnimationFrame(waiting);
      resized.disconnect();
      scrolls.removeEventListener('scroll', later);
      window.removeEventListener('resize', later);
    };
  }, [tile, height, records.length === 0]);
  useLayoutEffect(() => measureAgain.current(), [records.length]);

  const current = Math.min(active, Math.max(0, records.length - 1));
  useLayoutEffect(() => {
    if (!focusWanted.current) return;
    focusWanted.current = false;
    const button = box.current?.querySelector<HTMLElement>(`[data-at="${current}"]`);
    button?.focus({ preventScroll: true });
    button?.scrollIntoView({ block: 'nearest' });
  });

  if (records.length === 0) return <p class="quiet gallery-empty">{empty}</p>;
  const { columns, width, first, last } = shown;
  const row = rowOf(width);
  const places: number[] = [];
  for (let i = first; i <= last && i < records.length; i++) places.push(i);
  const inside = current >= first && current <= last;
  // The one in the tab order exists even when it was scrolled away, so that the focus is not lost.
  if (!inside && last >= 0) places.push(current);
  const onPaper = printing.value;
  if (onPaper) {
    places.length = 0;
    for (let i = 0; i < Math.min(records.length, MOST_PRINTED); i++) places.push(i);
  }

  const move = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((height ?? window.innerHeight) / row)) * columns;
    const steps: Record<string, number> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -columns,
      ArrowDown: columns,
      PageUp: -page,
      PageDown: page,
      Home: -records.length,
      End: records.length,
    };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    focusWanted.current = true;
    setActive(Math.max(0, Math.min(records.length - 1, current + step)));
  };

  return (
    <div
      class={height === undefined ? 'gallery' : 'gallery gallery-own'}
      ref={box}
      style={height === undefined ? {} : { maxHeight: `${height}px` }}
    >
      <ul
        aria-label={label}
        style={{ height: `${Math.ceil(records.length / columns) * row - GAP}px` }}
        onKeyDown={move}
      >
        {places.map((i) => {
          const record = records[i]!;
          const [x, y] = [(i % columns) * (width + GAP), Math.floor(i / columns) * row];
          return (
            <li
              key={record.id}
              aria-setsize={records.length}
              aria-posinset={i + 1}
              style={{ transform: `translate(${x}px, ${y}px)`, width: `${width}px` }}
            >
              <button
                type="button"
                class="tile"
                data-at={i}
                data-id={record.id}
                tabIndex={i === current ? 0 : -1}
                onFocus={() => setActive(i)}
                onClick={() => openPicture(record.id, all)}
              >
                {draw ? (
                  draw(record)
                ) : (
                  <>
                    <Thumb record={record} />
                    <Caption record={record} />
                  </>
                )}
              </button>
            </li>
          );
        })}
      </ul>
      {onPaper && (
        <div class="print-only">
          {records.length > MOST_PRINTED && (
            <p>
              The first {MOST_PRINTED} of {records.length} pictures.
            </p>
          )}
          <PrintLegend />
        </div>
      )}
    </div>
  );
}
