import { effect, signal, untracked } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { CELLS, type Cell } from '../../metrics/decision.ts';
import { Choice } from '../parts/choice.tsx';
import { LookChoice, MethodChoice, OpacitySlider } from '../parts/display-controls.tsx';
import { Gallery } from '../parts/gallery.tsx';
import { KIND_NAMES, Mark } from '../parts/marks.tsx';
import { cellsNow, counts, type Decided, decided, facets } from '../state/decisions.ts';
import { go, here } from '../state/place.ts';
import { ownThresholds, threshold } from '../state/threshold.ts';

const ORDERS = {
  near: 'closest to the threshold',
  sure: 'surest first',
} as const;

const none = () => signal<readonly Decided[]>([]);
/** The pictures that the galleries show: those of a moment ago while the slider moves. */
const shown = { TP: none(), FN: none(), TN: none(), FP: none() };

/**
 * Milliseconds of rest after which the pictures follow the slider. While it moves they stay behind for at least `LONGEST`, and ten times as
 * long as following took the last time: a slow machine spends its time on the figures.
 */
const REST = 100;
const LONGEST = 500;
const SHARE = 10;

/**
 * Lets the pictures follow: one gallery a frame, so that no frame carries the tiles of all four. Galleries out of sight follow when the
 * slider rests, and until then the browser need not lay them out or paint them.
 */
function followCells(galleries: HTMLElement): () => void {
  let inSight = true;
  const sight = new IntersectionObserver(([entry]) => {
    inSight = entry!.isIntersecting;
  });
  sight.observe(galleries);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let frame = 0;
  let since: number | undefined;
  let longest = LONGEST;
  const follow = () => {
    since = undefined;
    galleries.classList.remove('cells-waiting');
    cancelAnimationFrame(frame);
    const found = untracked(cellsNow);
    const waiting = [...CELLS];
    const begin = performance.now();
    const next = () => {
      const cell = waiting.shift();
      if (cell === undefined) {
        longest = Math.max(LONGEST, SHARE * (performance.now() - begin));
        return;
      }
      shown[cell].value = found[cell];
      frame = requestAnimationFrame(next);
    };
    next();
  };
  const stop = effect(() => {
    void [decided.value, facets.value, threshold.value, ownThresholds.value];
    const now = performance.now();
    since ??= now;
    clearTimeout(timer);
    if (!inSight) galleries.classList.add('cells-waiting');
    timer = setTimeout(follow, inSight ? Math.max(0, Math.min(REST, since + longest - now)) : REST);
  });
  return () => {
    stop();
    sight.disconnect();
    clearTimeout(timer);
    cancelAnimationFrame(frame);
  };
}

/** The four cells with their pictures: moving the threshold moves pictures between them. */
export function CellGalleries() {
  const order = here.sort.value === 'sure' ? 'sure' : 'near';
  useMemo(() => {
    const found = untracked(cellsNow);
    for (const cell of CELLS) shown[cell].value = found[cell];
  }, []);
  const galleries = useRef<HTMLDivElement>(null);
  useEffect(() => followCells(galleries.current!), []);
  return (
    <>
      <div class="toolbar toolbar-galleries">
        <h2>Pictures</h2>
        <Choice
          label="Order"
          name="order"
          values={[
            { value: 'near', text: ORDERS.near },
            { value: 'sure', text: ORDERS.sure },
          ]}
          value={order}
          onChange={(value) => go({ sort: value === 'near' ? '' : value })}
        />
        <LookChoice />
        <MethodChoice />
        <OpacitySlider />
      </div>
      <div class="cells" ref={galleries}>
        {(['TP', 'FN', 'FP', 'TN'] as const).map((kind) => (
          <CellCard key={kind} kind={kind} order={order} />
        ))}
      </div>
    </>
  );
}

function CellCard({ kind, order }: { kind: Cell; order: keyof typeof ORDERS }) {
  const found = shown[kind].value;
  const list = useMemo(() => {
    const records = found.map(({ record }) => record);
    // By score ascending as they come: true for what is nearest to the threshold when predicted positive, surest when negative.
    const rising = (kind === 'TP' || kind === 'FP') === (order === 'near');
    return rising ? records : records.reverse();
  }, [found, kind, order]);
  return (
    <section
      id={`cell-${kind}`}
      tabIndex={-1}
      class={`card cell-card cell-card-${kind}`}
      aria-labelledby={`cell-title-${kind}`}
    >
      <h3 id={`cell-title-${kind}`}>
        <Mark kind={kind} quiet /> {KIND_NAMES[kind]}s <CellCount kind={kind} />
      </h3>
      <Gallery
        records={list}
        label={`${KIND_NAMES[kind]}s`}
        tile={104}
        height={430}
        empty={`There is no ${KIND_NAMES[kind]} at this threshold.`}
      />
    </section>
  );
}

/** The number follows at once, the pictures a little later. */
function CellCount({ kind }: { kind: Cell }) {
  const { tp, fn, tn, fp } = counts.value;
  return <span class="quiet">{{ TP: tp, FN: fn, TN: tn, FP: fp }[kind].toLocaleString('en')}</span>;
}
