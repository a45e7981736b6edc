import { computed } from '@preact/signals';
import { useMemo, useState } from 'preact/hooks';
import { bestThreshold, type Criterion } from '../../metrics/best-threshold.ts';
import { binaryMetrics } from '../../metrics/binary-metrics.ts';
import type { Cell } from '../../metrics/decision.ts';
import { count, percent, short, thresholdText } from '../draw/text.ts';
import { ClassChoice } from '../parts/class-choice.tsx';
import { Curves } from '../parts/curves.tsx';
import { EstimateRow, EstimateTable } from '../parts/estimate.tsx';
import { Histogram } from '../parts/histogram.tsx';
import { KIND_NAMES, Mark } from '../parts/marks.tsx';
import { Name } from '../parts/name.tsx';
import { counts, decided, facets, target } from '../state/decisions.ts';
import { adjust, go, here } from '../state/place.ts';
import { run } from '../state/report.ts';
import { threshold } from '../state/threshold.ts';
import { ByColumn } from './by-column.tsx';
import { CellGalleries } from './cell-galleries.tsx';

const setThreshold = (value: number) => adjust({ t: value === run.threshold ? '' : thresholdText(value) });

const shownThreshold = computed(() => thresholdText(threshold.value));

/** One class against the rest at a threshold: what becomes of the pictures, the figures, the curves. */
export function Decisions() {
  const index = target.value;
  if (index === undefined)
    return (
      <section>
        <h1>Threshold</h1>
        <p class="lead">
          This model chooses one of {run.classes.length} classes. Choose a class to look at it against the rest.
        </p>
        <ClassChoice />
      </section>
    );
  const name = run.classes[index] ?? '';
  const { curve } = decided.value;
  return (
    <section>
      <div class="title-row">
        <h1>Threshold</h1>
        <ClassChoice />
      </div>
      <p class="lead">
        A picture counts as{' '}
        <strong>
          <Name text={name} most={60} />
        </strong>{' '}
        from a score of <strong>{shownThreshold}</strong> on. {count(decided.value.count, 'labelled picture')}
        {curve.reason ? `; ${curve.reason}` : '.'}
      </p>
      <div class="card threshold-card">
        <div class="histogram-legend" aria-hidden="true">
          <span>
            <Name text={name} most={30} /> ↑
          </span>
          <span>heights: square roots of the counts</span>
          <span>others ↓</span>
        </div>
        <Scores />
        <ThresholdTools />
      </div>
      <ByColumn />
      <div class="two-columns">
        <Table />
        <Figures />
      </div>
      <Curves decided={decided.value} counts={counts} threshold={threshold} onPick={setThreshold} />
      <CellGalleries />
    </section>
  );
}

const Scores = () => (
  <Histogram decided={decided.value} value={threshold.value} label="Threshold" onChange={setThreshold} />
);

const CRITERIA = [
  { value: 'youden', text: 'Youden (sensitivity + specificity)' },
  { value: 'f1', text: 'F1' },
  { value: 'mcc', text: 'MCC' },
  { value: 'accuracy', text: 'accuracy' },
  { value: 'cost', text: 'cost FP : FN' },
  { value: 'sensitivity', text: 'sensitivity at least' },
  { value: 'specificity', text: 'specificity at least' },
] as const;
type CriterionName = (typeof CRITERIA)[number]['value'];

function criterionOf(kind: CriterionName, cost: number, least: number): Criterion {
  if (kind === 'cost') return { kind, fp: 1, fn: cost };
  return kind === 'sensitivity' || kind === 'specificity' ? { kind, least } : { kind };
}

/** The number itself, and the best one by a criterion. */
function ThresholdTools() {
  const [kind, setKind] = useState<CriterionName>('youden');
  const [ratio, setRatio] = useState(5);
  const [least, setLeast] = useState(0.95);
  const criterion = criterionOf(kind, ratio, least);
  const { curve } = decided.value;
  const best = useMemo(() => bestThreshold(curve, criterion), [curve, kind, ratio, least]);
  const now = curve.at(threshold.value);
  const apply = () => {
    if (!here.by.value) {
      if (best.threshold !== undefined) go({ t: thresholdText(best.threshold) });
      return;
    }
    let ts = here.ts.value;
    for (const { value, decided: part } of facets.value) {
      const found = bestThreshold(part.curve, criterion);
      const next = new URLSearchParams(ts);
      if (found.threshold !== undefined) next.set(value, thresholdText(found.threshold));
      ts = next.toString();
    }
    go({ ts, ...(best.threshold === undefined ? {} : { t: thresholdText(best.threshold) }) });
  };
  return (
    <div class="toolbar">
      <label class="field">
        <span>Threshold</span>
        <input
          type="number"
          min="0"
          max="1"
          step="0.01"
          value={thresholdText(threshold.value)}
          onChange={(event) => {
            const value = event.currentTarget.valueAsNumber;
            if (Number.isFinite(value)) setThreshold(value);
          }}
        />
      </label>
      <button
        type="button"
        class="quiet-button"
        disabled={threshold.value === run.threshold}
        onClick={() => go({ t: '', ts: '' })}
      >
        Back to {thresholdText(run.threshold)}
      </button>
      <span class="toolbar-group">
        <label class="field">
          <span>Best by</span>
          <select value={kind} onChange={(event) => setKind(event.currentTarget.value as CriterionName)}>
            {CRITERIA.map(({ value, text }) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        {kind === 'cost' && (
          <label class="field">
            <span>1 FN costs as many FP</span>
            <input
              type="number"
              min="0"
              step="0.5"
              value={ratio}
              onInput={(event) => setRatio(Math.max(0, event.currentTarget.valueAsNumber || 0))}
            />
          </label>
        )}
        {(kind === 'sensitivity' || kind === 'specificity') && (
          <label class="field">
            <span>At least</span>
            <input
              type="number"
              min="0"
              max="1"
              step="0.01"
              value={least}
              onInput={(event) => setLeast(Math.min(1, Math.max(0, event.currentTarget.valueAsNumber || 0)))}
            />
          </label>
        )}
        <button type="button" onClick={apply} disabled={best.threshold === undefined}>
          {best.threshold === undefined ? 'None' : `Set ${thresholdText(best.threshold)}`}
        </button>
      </span>
      {kind === 'cost' && (
        <span class="quiet">
          Cost now {short(now.fp + ratio * now.fn)} FP ({now.fp} FP + {short(ratio)} × {now.fn} FN); best{' '}
          {best.counts ? short(best.counts.fp + ratio * best.counts.fn) : '–'}
        </span>
      )}
      {best.reason && <span class="quiet">{best.reason}</span>}
    </div>
  );
}

/** The 2 × 2 table; each count leads to its pictures. */
function Table() {
  const { tp, fn, tn, fp } = counts.value;
  const total = tp + fn + tn + fp;
  const name = run.classes[target.value!] ?? '';
  const cell = (kind: Cell, n: number) => (
    <td class={`cell cell-${kind}`}>
      <a
        href={`#cell-${kind}`}
        onClick={(event) => {
          event.preventDefault();
          document.getElementById(`cell-${kind}`)?.scrollIntoView({ block: 'start' });
          document.getElementById(`cell-${kind}`)?.focus({ preventScroll: true });
        }}
      >
        <span class="cell-kind">
          <Mark kind={kind} quiet /> {kind}
        </span>
        <span class="cell-count" data-count={kind}>
          {n.toLocaleString('en')}
        </span>
        <span class="cell-share">{total > 0 ? percent(n / total, 1) : '–'}</span>
        <span class="unseen">{KIND_NAMES[kind]}s: show them</span>
      </a>
    </td>
  );
  return (
    <div class="card">
      <h2>Counts</h2>
      <table class="two-by-two">
        <thead>
          <tr>
            <td />
            <th scope="col">
              decided <Name text={name} most={24} />
            </th>
            <th scope="col">decided other</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">
              is <Name text={name} most={24} />
            </th>
            {cell('TP', tp)}
            {cell('FN', fn)}
          </tr>
          <tr>
            <th scope="row">is other</th>
            {cell('FP', fp)}
            {cell('TN', tn)}
          </tr>
        </tbody>
      </table>
    </div>
  );
}

function Figures() {
  const found = binaryMetrics(counts.value);
  return (
    <div class="card">
      <h2>
        Figures <span class="quiet">with 95 % intervals</span>
      </h2>
      <EstimateTable>
        <EstimateRow name="Sensitivity" hint="TP / (TP + FN), recall" value={found.sensitivity} />
        <EstimateRow name="Specificity" hint="TN / (TN + FP)" value={found.specificity} />
        <EstimateRow name="PPV" hint="TP / (TP + FP), precision" value={found.ppv} />
        <EstimateRow name="NPV" hint="TN / (TN + FN)" value={found.npv} />
        <EstimateRow name="F1" value={found.f1} />
        <EstimateRow name="MCC" hint="Matthews' correlation, −1 to 1" value={found.mcc} from={-1} />
        <EstimateRow name="Accuracy" value={found.accuracy} />
        <EstimateRow name="Balanced accuracy" value={found.balancedAccuracy} />
      </EstimateTable>
    </div>
  );
}
