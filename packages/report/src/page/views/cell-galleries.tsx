import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Cell } from '../../metrics/decision.ts';
import { Choice } from '../parts/choice.tsx';
import { LookChoice, MethodChoice, OpacitySlider } from '../parts/display-controls.tsx';
import { Gallery } from '../parts/gallery.tsx';
import { KIND_NAMES, Mark } from '../parts/marks.tsx';
import { cells, type Decided } from '../state/decisions.ts';
import { go, place } from '../state/place.ts';

const ORDERS = {
  near: 'closest to the threshold',
  sure: 'surest first',
} as const;

/** The four cells with their pictures: moving the threshold moves pictures between them. */
export function CellGalleries() {
  const order = place.value.sort === 'sure' ? 'sure' : 'near';
  const found = useCalm(cells.value);
  const ordered = (kind: Cell): readonly Decided[] => {
    // By score ascending as they come: true for what is nearest to the threshold when predicted positive, surest when negative.
    const rising = (kind === 'TP' || kind === 'FP') === (order === 'near');
    return rising ? found[kind] : found[kind].toReversed();
  };
  const galleries = useMemo(
    () => (
      <div class="cells">
        {(['TP', 'FN', 'FP', 'TN'] as const).map((kind) => (
          <section
            key={kind}
            id={`cell-${kind}`}
            tabIndex={-1}
            class={`card cell-card cell-card-${kind}`}
            aria-labelledby={`cell-title-${kind}`}
          >
            <h3 id={`cell-title-${kind}`}>
              <Mark kind={kind} quiet /> {KIND_NAMES[kind]}s <CellCount kind={kind} />
            </h3>
            <Gallery
              records={ordered(kind).map(({ record }) => record)}
              label={`${KIND_NAMES[kind]}s`}
              tile={104}
              height={430}
              empty={`There is no ${KIND_NAMES[kind]} at this threshold.`}
            />
          </section>
        ))}
      </div>
    ),
    [found, order],
  );
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
      {galleries}
    </>
  );
}

/** The number follows at once, the pictures a little later. */
function CellCount({ kind }: { kind: Cell }) {
  return <span class="quiet">{cells.value[kind].length.toLocaleString('en')}</span>;
}

const CALM = 120;

/** A value that changes at most every 120 ms: the slider stays smooth while hundreds of pictures change places. */
function useCalm<T>(value: T): T {
  const [calm, setCalm] = useState(value);
  const changed = useRef(0);
  useEffect(() => {
    const timer = setTimeout(
      () => {
        changed.current = performance.now();
        setCalm(() => value);
      },
      Math.max(0, changed.current + CALM - performance.now()),
    );
    return () => clearTimeout(timer);
  }, [value]);
  return calm;
}
