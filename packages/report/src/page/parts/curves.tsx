import { type ReadonlySignal, useComputed } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { Counts } from '../../metrics/binary-metrics.ts';
import { calibrationOf } from '../../metrics/calibration.ts';
import {
  areaUnderRoc,
  averagePrecision,
  type CurvePoints,
  precisionRecallPoints,
  rocPoints,
} from '../../metrics/roc.ts';
import type { SortedDecisions } from '../../metrics/sorted-decisions.ts';
import { figure, thresholdText } from '../draw/text.ts';
import type { Decided } from '../state/decisions.ts';
import { atX, atY, Chart, linePath } from './chart.tsx';

/** ROC, precision–recall and calibration; cursors follow the threshold, the curves stay. */
export function Curves({
  decided,
  counts,
  threshold,
  onPick,
}: {
  decided: SortedDecisions<Decided>;
  counts: ReadonlySignal<Counts>;
  threshold: ReadonlySignal<number>;
  onPick: (threshold: number) => void;
}) {
  const { curve } = decided;
  const made = useMemo(() => {
    const roc = rocPoints(curve);
    const recall = precisionRecallPoints(curve);
    const { positive, negative } = decided;
    const rows = [...positive, ...negative];
    return {
      roc,
      recall,
      rocPath: linePath(roc.x, roc.y),
      recallPath: linePath(recall.x, recall.y),
      auc: areaUnderRoc(curve),
      ap: averagePrecision(curve),
      calibration: calibrationOf(
        rows.map(({ score }) => score),
        rows.map(({ truth }) => truth),
      ),
    };
  }, [decided]);
  const { roc, recall, auc, ap, calibration } = made;
  const at = useComputed(() => {
    const { tp, fn, tn, fp } = counts.value;
    return { tpr: tp / (tp + fn), fpr: fp / (fp + tn), precision: tp / (tp + fp) };
  });
  const rocText = useComputed(
    () =>
      `ROC curve, area ${figure(auc.value)}. At threshold ${thresholdText(threshold.value)} sensitivity ${figure(at.value.tpr)}, false positive rate ${figure(at.value.fpr)}.`,
  );
  const recallText = useComputed(
    () =>
      `Precision–recall curve, average precision ${figure(ap.value)}. At threshold ${thresholdText(threshold.value)} precision ${figure(at.value.precision)}, recall ${figure(at.value.tpr)}.`,
  );
  const pick = (points: CurvePoints) => (x: number, y: number) => {
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < points.x.length; i++) {
      const away = (points.x[i]! - x) ** 2 + (points.y[i]! - y) ** 2;
      if (away < least && Number.isFinite(points.threshold[i]!)) [best, least] = [i, away];
    }
    onPick(points.threshold[best]!);
  };
  if (curve.reason) return <p class="quiet">No curves: {curve.reason}</p>;
  return (
    <div class="charts">
      <Chart
        title="ROC"
        note={`AUC ${figure(auc.value)} (${figure(auc.low)} – ${figure(auc.high)})`}
        alt={rocText}
        x="1 − specificity"
        y="sensitivity"
        onPick={pick(roc)}
      >
        <path d={`M${atX(0)} ${atY(0)}L${atX(1)} ${atY(1)}`} class="chance" />
        <path d={made.rocPath} class="curve" />
        <Cursor at={() => [at.value.fpr, at.value.tpr]} />
      </Chart>
      <Chart
        title="Precision and recall"
        note={`AP ${figure(ap.value)}`}
        alt={recallText}
        x="recall (sensitivity)"
        y="precision (PPV)"
        onPick={pick(recall)}
      >
        <path d={`M${atX(0)} ${atY(curve.positive.length / Math.max(1, curve.count))}H${atX(1)}`} class="chance" />
        <path d={made.recallPath} class="curve" />
        <Cursor at={() => [at.value.tpr, at.value.precision]} />
      </Chart>
      <Chart
        title="Calibration"
        note={`ECE ${figure(calibration.ece.value)}, Brier ${figure(calibration.brier.value)}`}
        alt={`Calibration in ${calibration.bins.length} bins: ${calibration.bins.map((bin) => `score ${figure(bin.promised, 2)} came true in ${figure(bin.observed.value, 2)} of ${bin.count}`).join('; ')}.`}
        x="score"
        y="share of positives"
      >
        <path d={`M${atX(0)} ${atY(0)}L${atX(1)} ${atY(1)}`} class="chance" />
        {calibration.bins.map((bin) => (
          <path
            key={bin.low}
            d={`M${atX(bin.promised)} ${atY(bin.observed.low)}V${atY(bin.observed.high)}`}
            class="whisker"
          />
        ))}
        <path
          d={linePath(
            calibration.bins.map(({ promised }) => promised),
            calibration.bins.map(({ observed }) => observed.value),
          )}
          class="curve"
        />
        {calibration.bins.map((bin) => (
          <circle
            key={bin.low}
            cx={atX(bin.promised)}
            cy={atY(bin.observed.value)}
            r={3 + 5 * Math.sqrt(bin.count / Math.max(1, calibration.count))}
            class="bin"
          >
            <title>{`${bin.count} pictures`}</title>
          </circle>
        ))}
        <Line at={threshold} />
      </Chart>
    </div>
  );
}

/** The point of a curve that the threshold stands for. */
function Cursor({ at }: { at: () => readonly [x: number, y: number] }) {
  const [x, y] = at();
  if (!Number.isFinite(x) || !Number.isFinite(y)) return null;
  return (
    <g class="cursor-point">
      <path d={`M${atX(x)} ${atY(0)}V${atY(y)}M${atX(0)} ${atY(y)}H${atX(x)}`} class="cursor-guide" />
      <circle cx={atX(x)} cy={atY(y)} r="6" />
    </g>
  );
}

/** The threshold itself, on an axis of scores. */
function Line({ at }: { at: ReadonlySignal<number> }) {
  return <path d={`M${atX(Math.min(1, Math.max(0, at.value)))} ${atY(0)}V${atY(1)}`} class="cursor" />;
}
