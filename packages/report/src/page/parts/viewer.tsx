import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { AuditRecord } from '../../index.ts';
import { percent } from '../draw/text.ts';
import { comparison } from '../state/comparison.ts';
import { shownKind } from '../state/decisions.ts';
import { MODES, type Mode, mode } from '../state/display.ts';
import { go, openId } from '../state/place.ts';
import { run } from '../state/report.ts';
import { closePicture, focusBack, openRecord, pointer, sequence, shows, step, zoom, zoomTo } from '../state/viewer.ts';
import { Choice } from './choice.tsx';
import { ColourChoice, MethodChoice, OpacitySlider } from './display-controls.tsx';
import { Mark } from './marks.tsx';
import { Name } from './name.tsx';
import { Readout } from './readout.tsx';
import { Facts } from './viewer-facts.tsx';
import { Panes } from './viewer-panes.tsx';

const MODE_NAMES: Readonly<Record<Mode, string>> = {
  one: 'Overlay',
  beside: 'Side by side',
  wipe: 'Wipe',
  grid: 'All methods',
};

/** The open picture: its maps, what is known of it, and the reviewer's note. */
export function Viewer() {
  const dialog = useRef<HTMLDialogElement>(null);
  const record = openRecord.value;
  const id = openId.value;
  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    if (id !== '' && !element.open) element.showModal();
    if (id === '' && element.open) {
      element.close();
      focusBack();
    }
  }, [id]);
  useEffect(() => {
    zoom.value = { scale: 1, x: 0, y: 0 };
    pointer.value = undefined;
    dialog.current?.querySelector('.viewer-body')?.scrollTo(0, 0);
  }, [id]);
  return (
    <dialog
      ref={dialog}
      class="viewer"
      aria-labelledby="viewer-title"
      onCancel={(event) => {
        event.preventDefault();
        closePicture();
      }}
    >
      {record && <Open record={record} />}
      {!record && id !== '' && (
        <div class="viewer-missing">
          <h2 id="viewer-title">No such picture</h2>
          <p>
            This report has no picture <Name text={id} />.
          </p>
          <button type="button" onClick={closePicture}>
            Close
          </button>
        </div>
      )}
    </dialog>
  );
}

function Open({ record }: { record: AuditRecord }) {
  const list = sequence.value;
  const at = list.findIndex(({ id }) => id === record.id);
  const kind = shownKind(record);
  return (
    <>
      <header class="viewer-head">
        <h2 id="viewer-title">
          <Mark kind={kind} />
          <Name text={record.id} />
        </h2>
        <div class="viewer-steps">
          <span class="quiet">
            {at + 1} of {list.length}
          </span>
          <button
            type="button"
            class="icon"
            aria-label="Previous picture"
            title="Previous (←)"
            disabled={at <= 0}
            onClick={() => step(-1)}
          >
            ←
          </button>
          <button
            type="button"
            class="icon"
            aria-label="Next picture"
            title="Next (→)"
            disabled={at < 0 || at >= list.length - 1}
            onClick={() => step(1)}
          >
            →
          </button>
          <button type="button" class="icon" aria-label="Close" title="Close (Escape)" onClick={closePicture}>
            ✕
          </button>
        </div>
      </header>
      <div class="viewer-body">
        <section class="viewer-pictures" aria-label="Picture and heatmaps">
          <Controls record={record} />
          <Panes record={record} />
          <Readout record={record} />
        </section>
        <Facts record={record} />
      </div>
    </>
  );
}

function Controls({ record }: { record: AuditRecord }) {
  const known = run.methods.filter(({ name }) => record.maps?.[name]);
  const modes = MODES.filter((value) =>
    value === 'grid' ? run.methods.length > 1 : value !== 'beside' || !comparison,
  );
  return (
    <div class="toolbar">
      {known.length > 0 && (
        <>
          <Choice
            label="Arrangement"
            name="mode"
            values={modes.map((value) => ({ value, text: MODE_NAMES[value] }))}
            value={mode.value}
            onChange={(value) => go({ mode: value === 'one' ? '' : value })}
          />
          {mode.value !== 'grid' && <MethodChoice />}
          <OpacitySlider />
          <ColourChoice />
          <label class="check">
            <input
              type="checkbox"
              checked={shows.contours.value}
              onChange={() => (shows.contours.value = !shows.contours.value)}
            />
            Contours
          </label>
        </>
      )}
      {record.masked && (
        <label class="check">
          <input type="checkbox" checked={shows.mask.value} onChange={() => (shows.mask.value = !shows.mask.value)} />
          Mask
        </label>
      )}
      <span class="zoom-buttons">
        <button
          type="button"
          class="icon"
          aria-label="Zoom out"
          onClick={() => zoomTo(zoom.value.scale / 1.5)}
          disabled={zoom.value.scale <= 1}
        >
          −
        </button>
        <output aria-label="Zoom">{percent(zoom.value.scale)}</output>
        <button type="button" class="icon" aria-label="Zoom in" onClick={() => zoomTo(zoom.value.scale * 1.5)}>
          +
        </button>
      </span>
    </div>
  );
}
