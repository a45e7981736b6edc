import { computed, signal } from '@preact/signals';
import {
  averagesOf,
  type ClassRow,
  type ConfusionMatrix,
  classCurves,
  classTable,
  confusionMatrix,
  multiLabelMetrics,
  topK,
} from '../../metrics/multiclass.ts';
import { count, figure, percent, shorten } from '../draw/text.ts';
import { Choice } from '../parts/choice.tsx';
import { EstimateRow, EstimateTable } from '../parts/estimate.tsx';
import { Name } from '../parts/name.tsx';
import { ScrollBox } from '../parts/scroll-box.tsx';
import { numbers, TableHead } from '../parts/table-head.tsx';
import { ThresholdSlider } from '../parts/threshold-slider.tsx';
import { follow, go } from '../state/place.ts';
import { run } from '../state/report.ts';
import { filterFor, selected } from '../state/selection.ts';
import { threshold } from '../state/threshold.ts';

const curves = computed(() => classCurves(selected.value, run));
const table = computed(() => classTable(selected.value, run, threshold.value, curves.value));

/** All classes: who is taken for whom, and each class's figures. */
export function Classes() {
  return (
    <section>
      <h1>Classes</h1>
      {run.task === 'multilabel' ? <ThresholdSlider /> : null}
      <div class="two-columns">
        {run.task === 'multilabel' ? <WholeLabels /> : <Whole />}
        <Averages />
      </div>
      {run.task !== 'multilabel' && <Matrix />}
      <PerClass />
    </section>
  );
}

function Whole() {
  const kept = [1, 2, 3, 5].filter((k) => k < Math.max(2, run.classes.length));
  return (
    <div class="card">
      <h2>
        The label is among the best k <span class="quiet">with 95 % intervals</span>
      </h2>
      <EstimateTable columns={['k', 'Share']}>
        {kept.map((k) => (
          <EstimateRow key={k} name={k === 1 ? 'Top 1 (accuracy)' : `Top ${k}`} value={topK(selected.value, run, k)} />
        ))}
      </EstimateTable>
    </div>
  );
}

function WholeLabels() {
  const found = multiLabelMetrics(selected.value, run, threshold.value);
  return (
    <div class="card">
      <h2>All labels of a picture together</h2>
      <EstimateTable>
        <EstimateRow name="Exact match" hint="All classes right" value={found.exactMatch} />
        <EstimateRow
          name="Hamming loss"
          hint="Share of (picture, class) decisions that are wrong"
          value={found.hammingLoss}
        />
        <EstimateRow name="F1 by picture" value={found.sampleF1} />
      </EstimateTable>
    </div>
  );
}

function Averages() {
  const { macro, weighted, micro } = averagesOf(table.value);
  const lines = [
    ['Macro', macro],
    ['Weighted', weighted],
    ['Micro', micro],
  ] as const;
  return (
    <div class="card">
      <h2>Means over the classes</h2>
      <ScrollBox label="Means over the classes">
        <table>
          <TableHead columns={['Mean', ...numbers('Precision', 'Recall', 'F1', 'AUC', 'Av. precision')]} />
          <tbody>
            {lines.map(([name, row]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {(['precision', 'recall', 'f1', 'auc', 'averagePrecision'] as const).map((key) => (
                  <td class="number" key={key} title={row[key].reason}>
                    {figure(row[key].value)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </div>
  );
}

const SHARES = { count: 'counts', row: 'of the label', column: 'of the decision' } as const;
const ORDERS = {
  model: "model's order",
  errors: 'most confused first',
  name: 'by name',
  size: 'largest first',
} as const;
const share = signal<keyof typeof SHARES>('count');
const order = signal<keyof typeof ORDERS>('model');
const logarithm = signal(false);
const most = signal(20);

/** Classes in the chosen order, as many as are shown. */
function orderOf(matrix: ConfusionMatrix): { shown: readonly number[]; hidden: number } {
  const { size, counts } = matrix;
  const of = (row: number, column: number) => counts[row * size + column]!;
  const sums = Array.from({ length: size }, (_, i) => {
    let [total, errors] = [0, 0];
    for (let k = 0; k < size; k++) {
      total += of(i, k);
      if (k !== i) errors += of(i, k) + of(k, i);
    }
    return { total, errors };
  });
  const all = Array.from({ length: size }, (_, i) => i);
  const name = (i: number) => run.classes[i] ?? '';
  if (order.value === 'errors') all.sort((a, b) => sums[b]!.errors - sums[a]!.errors || a - b);
  if (order.value === 'size') all.sort((a, b) => sums[b]!.total - sums[a]!.total || a - b);
  if (order.value === 'name') all.sort((a, b) => (name(a) < name(b) ? -1 : 1));
  // Of many classes those are kept in which something happens.
  const kept =
    all.length <= most.value ? all : [...all].sort((a, b) => sums[b]!.errors - sums[a]!.errors).slice(0, most.value);
  const set = new Set(kept);
  return { shown: all.filter((i) => set.has(i)), hidden: all.length - kept.length };
}

function Matrix() {
  const matrix = confusionMatrix(selected.value, run, threshold.value);
  const { size, counts } = matrix;
  const { shown, hidden } = orderOf(matrix);
  const of = (row: number, column: number) => counts[row * size + column]!;
  const rowSum = new Map(shown.map((i) => [i, sum(size, (k) => of(i, k))]));
  const columnSum = new Map(shown.map((i) => [i, sum(size, (k) => of(k, i))]));
  const cellValue = (row: number, column: number) => {
    const n = of(row, column);
    if (share.value === 'row') return n / Math.max(1, rowSum.get(row)!);
    if (share.value === 'column') return n / Math.max(1, columnSum.get(column)!);
    return n;
  };
  const largest = Math.max(
    ...shown.flatMap((row) => shown.map((column) => cellValue(row, column))),
    share.value === 'count' ? 1 : 0.01,
  );
  const strength = (value: number) =>
    logarithm.value ? Math.log1p((value / largest) * 99) / Math.log(100) : value / largest;
  return (
    <div class="card">
      <h2>Confusion matrix</h2>
      <div class="toolbar">
        <Choice
          label="Cells show"
          name="share"
          values={Object.entries(SHARES).map(([value, text]) => ({ value: value as keyof typeof SHARES, text }))}
          value={share.value}
          onChange={(value) => (share.value = value)}
        />
        <label class="field">
          <span>Order</span>
          <select
            value={order.value}
            onChange={(event) => (order.value = event.currentTarget.value as keyof typeof ORDERS)}
          >
            {Object.entries(ORDERS).map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <label class="check">
          <input type="checkbox" checked={logarithm.value} onChange={() => (logarithm.value = !logarithm.value)} />
          Logarithmic colours
        </label>
        {run.classes.length > 20 && (
          <label class="field">
            <span>Classes</span>
            <select value={most.value} onChange={(event) => (most.value = Number(event.currentTarget.value))}>
              {[10, 20, 40, 80]
                .filter((n) => n < run.classes.length)
                .map((n) => (
                  <option key={n} value={n}>
                    {n} most confused
                  </option>
                ))}
              <option value={run.classes.length}>all {run.classes.length}</option>
            </select>
          </label>
        )}
      </div>
      <p class="quiet small">
        Rows: label. Columns: decision. Each cell opens its pictures. {count(matrix.count, 'picture')} counted
        {matrix.omitted > 0 && `, ${matrix.omitted} without label or score left out`}
        {hidden > 0 && `; ${hidden} classes with fewer confusions are not shown`}.
      </p>
      <ScrollBox kind="matrix-box" label="Confusion matrix">
        <table class="matrix">
          <thead>
            <tr>
              <th scope="col" class="matrix-corner">
                label ↓ decided →
              </th>
              {shown.map((i) => (
                <th scope="col" key={i} class="matrix-column">
                  <span>
                    <Name text={run.classes[i] ?? String(i)} most={26} />
                  </span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={row}>
                <th scope="row">
                  <Name text={run.classes[row] ?? String(row)} most={26} />
                </th>
                {shown.map((column) => {
                  const value = cellValue(row, column);
                  const n = of(row, column);
                  const strong = strength(value);
                  const text = share.value === 'count' ? n.toLocaleString('en') : percent(value);
                  return (
                    <td key={column} class={row === column ? 'matrix-right' : 'matrix-wrong'}>
                      {n === 0 ? (
                        <span class="matrix-cell quiet">{share.value === 'count' ? '0' : text}</span>
                      ) : (
                        <a
                          class={strong > 0.55 ? 'matrix-cell matrix-strong' : 'matrix-cell'}
                          style={{ '--strength': `${Math.round(8 + 92 * strong)}%` }}
                          {...follow({
                            view: 'pictures',
                            q: `${filterFor('label', run.classes[row] ?? '')} ${filterFor('predicted', run.classes[column] ?? '')}`,
                          })}
                        >
                          {text}
                          <span class="unseen">
                            {' '}
                            labelled {shorten(run.classes[row] ?? '', 40)}, decided{' '}
                            {shorten(run.classes[column] ?? '', 40)}
                          </span>
                        </a>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </div>
  );
}

function sum(size: number, of: (k: number) => number): number {
  let total = 0;
  for (let k = 0; k < size; k++) total += of(k);
  return total;
}

const COLUMNS = {
  support: 'Pictures',
  precision: 'Precision',
  recall: 'Recall',
  f1: 'F1',
  auc: 'AUC',
} as const;
const sortBy = signal<{ column: 'index' | keyof typeof COLUMNS; down: boolean }>({ column: 'index', down: false });

function PerClass() {
  const value = (row: ClassRow, column: keyof typeof COLUMNS) =>
    column === 'support' ? row.support : row[column].value;
  const { column, down } = sortBy.value;
  const list = [...table.value];
  if (column !== 'index')
    list.sort((a, b) => {
      const [x, y] = [value(a, column), value(b, column)];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
      return down ? y - x : x - y;
    });
  else if (down) list.reverse();
  const head = (name: typeof column, text: string, wide = false) => (
    <th
      scope="col"
      class={wide ? '' : 'number'}
      aria-sort={column === name ? (down ? 'descending' : 'ascending') : 'none'}
    >
      <button
        type="button"
        class="as-link"
        onClick={() => (sortBy.value = { column: name, down: column === name ? !down : false })}
      >
        {text}
        <span aria-hidden="true">{column === name ? (down ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </th>
  );
  const shownRows = list.slice(0, 300);
  return (
    <div class="card table-box">
      <h2>Each class against the rest</h2>
      <table class="per-class">
        <thead>
          <tr>
            {head('index', 'Class', true)}
            {(Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]).map((name) => head(name, COLUMNS[name]))}
            <th scope="col" class="number">
              TP
            </th>
            <th scope="col" class="number">
              FP
            </th>
            <th scope="col" class="number">
              FN
            </th>
            <td />
          </tr>
        </thead>
        <tbody>
          {shownRows.map((row) => {
            const name = run.classes[row.index] ?? String(row.index);
            return (
              <tr key={row.index}>
                <th scope="row">
                  <Name text={name} most={50} />
                </th>
                <td class="number">{row.support.toLocaleString('en')}</td>
                {(['precision', 'recall', 'f1', 'auc'] as const).map((key) => (
                  <td
                    class="number"
                    key={key}
                    title={row[key].reason ?? `${figure(row[key].low)} – ${figure(row[key].high)}`}
                  >
                    {figure(row[key].value)}
                  </td>
                ))}
                <td class="number">{row.tp}</td>
                <td class="number">{row.fp}</td>
                <td class="number">{row.fn}</td>
                <td class="number">
                  <button type="button" class="as-link" onClick={() => go({ view: 'decisions', class: name })}>
                    Threshold<span class="unseen"> of {shorten(name, 40)}</span>
                  </button>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {list.length > shownRows.length && (
        <p class="quiet">
          The first {shownRows.length} of {list.length} classes; sort to see others.
        </p>
      )}
    </div>
  );
}
