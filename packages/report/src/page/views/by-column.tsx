import { signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import {
  PARITY_FIGURES,
  type ParityCell,
  type ParityFigure,
  type ParityRow,
  paritySeverity,
  paritySpread,
  parityTable,
} from '../../metrics/parity.ts';
import { figure, thresholdText } from '../draw/text.ts';
import { Name } from '../parts/name.tsx';
import { ScrollBox } from '../parts/scroll-box.tsx';
import { facetNames, facets } from '../state/decisions.ts';
import { adjust, follow, go, here } from '../state/place.ts';
import { run } from '../state/report.ts';
import { filterFor, filterForColumn } from '../state/selection.ts';
import { NOTHING, ownThresholds, rangeOf, threshold, withThreshold } from '../state/threshold.ts';

/** Names and meanings of the columns; heads that choose one class of several speak of recall and precision. */
const heads = (): Readonly<Record<ParityFigure, readonly [name: string, hint: string]>> => ({
  sensitivity: [run.task === 'binary' ? 'Sensitivity' : 'Recall', 'TP / (TP + FN)'],
  specificity: ['Specificity', 'TN / (TN + FP)'],
  ppv: [run.task === 'binary' ? 'PPV' : 'Precision', 'TP / (TP + FP)'],
  selection: ['Decided so', '(TP + FP) / n: the share that is decided for the class'],
});

/** Figure whose worst values stand first. */
const worstBy = signal<ParityFigure>('sensitivity');

/** The values of a column against one another: their shares at the threshold, and thresholds of their own. */
export function ByColumn() {
  const name = here.by.value;
  if (facetNames.value.length === 0) return null;
  return (
    <details class="card by-value" open={name !== ''}>
      <summary>By group or column: how its values fare, thresholds of their own</summary>
      <label class="field">
        <span>Values of</span>
        <select value={name} onChange={(event) => go({ by: event.currentTarget.value, ts: '' })}>
          <option value="">– none –</option>
          {facetNames.value.map((one) => (
            <option key={one} value={one}>
              {one.slice(0, 60)}
            </option>
          ))}
        </select>
      </label>
      {name && <Parity name={name} />}
    </details>
  );
}

function Parity({ name }: { name: string }) {
  const own = ownThresholds.value;
  const at = (value: string) => own.get(value) ?? threshold.value;
  const parts = facets.value;
  const rows = parityTable(parts.map(({ value, decided }) => decided.counts(at(value))));
  // A row's own slider does not move the row away from under the hand.
  const order = useMemo(
    () =>
      [...rows.keys()].sort((a, b) => {
        const by = worstBy.value;
        return paritySeverity(rows[b]!, by) - paritySeverity(rows[a]!, by) || a - b;
      }),
    [parts, threshold.value, worstBy.value],
  );
  const columns = heads();
  return (
    <>
      <ScrollBox label={`Values of ${name.slice(0, 60)}`}>
        <table class="parity">
          <thead>
            <tr>
              <th scope="col">
                <Name text={name} most={40} />
              </th>
              <th scope="col" class="number">
                n
              </th>
              {PARITY_FIGURES.map((key) => (
                <th scope="col" key={key} aria-sort={worstBy.value === key ? 'descending' : 'none'}>
                  <button type="button" class="as-link" title={columns[key][1]} onClick={() => (worstBy.value = key)}>
                    {columns[key][0]}
                    <span aria-hidden="true">{worstBy.value === key ? ' ↓' : ''}</span>
                  </button>
                </th>
              ))}
              <th scope="col">Threshold</th>
            </tr>
          </thead>
          <tbody>
            {order.map((i) => (
              <Value
                key={parts[i]!.value}
                column={name}
                value={parts[i]!.value}
                row={rows[i]!}
                at={at(parts[i]!.value)}
              />
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row" colSpan={2}>
                Largest minus smallest
              </th>
              {PARITY_FIGURES.map((key) => (
                <td key={key}>{figure(paritySpread(rows, key))}</td>
              ))}
              <td />
            </tr>
          </tfoot>
        </table>
      </ScrollBox>
      <p class="quiet small">
        Worst first. Below each share stand its 95 % interval and the difference to all other values together; ▼ and ▲
        mark differences whose interval leaves out 0. Of many values one may do so by chance: this table does not
        correct for that, the findings do.
      </p>
    </>
  );
}

function Value({ column, value, row, at }: { column: string; value: string; row: ParityRow; at: number }) {
  const q =
    column === 'group' || column === 'split'
      ? filterFor(column, value)
      : filterForColumn(column, rangeOf(column, value) ?? value);
  return (
    <tr>
      <th scope="row">
        {value === NOTHING ? (
          value
        ) : (
          <a {...follow({ view: 'pictures', q })}>
            <Name text={value} most={40} />
          </a>
        )}
      </th>
      <td class="number">{row.selection.of.toLocaleString('en')}</td>
      {PARITY_FIGURES.map((key) => (
        <td key={key}>
          <Share cell={row[key]} good={key !== 'selection'} />
        </td>
      ))}
      <td class="slider-cell">
        <input
          type="range"
          min="0"
          max="1"
          step="0.01"
          value={at}
          aria-label={`Threshold for ${value.slice(0, 60)}`}
          onInput={(event) => adjust({ ts: withThreshold(value, Number(event.currentTarget.value)) })}
        />
        <output>{thresholdText(at)}</output>
      </td>
    </tr>
  );
}

const signed = (value: number) => `${value < 0 ? '−' : '+'}${figure(Math.abs(value), 2)}`;

function Share({
  cell: { value, low, high, hits, of, reason, difference },
  good,
}: {
  cell: ParityCell;
  good: boolean;
}) {
  if (reason) return <span class="quiet small">{reason}</span>;
  const sign = difference.low > 0 ? 1 : difference.high < 0 ? -1 : 0;
  return (
    <>
      <strong>{figure(value)}</strong>{' '}
      <span class="quiet small">
        {hits.toLocaleString('en')} of {of.toLocaleString('en')}
      </span>
      <span class="parity-line quiet">
        {figure(low, 2)} – {figure(high, 2)}
      </span>
      {Number.isFinite(difference.value) && (
        <span class={sign === 0 ? 'parity-line quiet' : `parity-line${good && sign < 0 ? ' parity-worse' : ''}`}>
          {sign !== 0 && <span aria-hidden="true">{sign < 0 ? '▼ ' : '▲ '}</span>}
          {signed(difference.value)} ({signed(difference.low)} to {signed(difference.high)})
        </span>
      )}
    </>
  );
}
