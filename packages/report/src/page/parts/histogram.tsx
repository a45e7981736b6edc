import { useMemo } from 'preact/hooks';
import type { SortedDecisions } from '../../metrics/sorted-decisions.ts';
import { count, percent, thresholdText } from '../draw/text.ts';
import type { Decided } from '../state/decisions.ts';

const BINS = 50;
const WIDTH = 1000;
const HALF = 84;

/**
 * The scores of positive pictures (above the line) and negative ones (below), and the threshold as a line through both. Left of the line
 * lie the false negatives and true negatives, right of it the true and false positives; errors are hatched.
 */
export function Histogram({
  decided,
  value,
  label,
  onChange,
}: {
  decided: SortedDecisions<Decided>;
  value: number;
  label: string;
  onChange: (value: number) => void;
}) {
  const bins = useMemo(() => {
    const binned = (scores: Float64Array) => {
      const counts = new Float64Array(BINS);
      for (const score of scores) counts[Math.min(BINS - 1, Math.max(0, Math.floor(score * BINS)))]!++;
      return counts;
    };
    const [positive, negative] = [binned(decided.curve.positive), binned(decided.curve.negative)];
    // Square roots: a few errors beside many hits stay visible.
    const most = Math.sqrt(Math.max(1, ...positive, ...negative));
    const path = (counts: Float64Array, up: boolean) => {
      let text = '';
      counts.forEach((n, i) => {
        if (n === 0) return;
        const height = (Math.sqrt(n) / most) * (HALF - 6);
        const x = (i * WIDTH) / BINS;
        text += `M${x + 1.5} ${HALF + (up ? -1 : 1)}h${WIDTH / BINS - 3}v${up ? -height : height}h${-(WIDTH / BINS - 3)}Z`;
      });
      return text;
    };
    return { positive: path(positive, true), negative: path(negative, false) };
  }, [decided]);
  const x = Math.min(1, Math.max(0, value)) * WIDTH;
  const { tp, fp } = decided.counts(value);
  return (
    <div class="histogram">
      <svg
        viewBox={`0 0 ${WIDTH} ${2 * HALF}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Scores of ${count(decided.count, 'picture')}; ${percent((tp + fp) / Math.max(1, decided.count))} are at or above the threshold ${thresholdText(value)}.`}
      >
        <defs>
          <clipPath id="left-of">
            <rect x="0" y="0" width={x} height={2 * HALF} />
          </clipPath>
          <clipPath id="right-of">
            <rect x={x} y="0" width={WIDTH - x} height={2 * HALF} />
          </clipPath>
          <pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="3" height="7" class="hatch" />
          </pattern>
        </defs>
        <g clip-path="url(#left-of)">
          <path d={bins.positive} class="fill-FN" />
          <path d={bins.positive} fill="url(#hatch)" />
          <path d={bins.negative} class="fill-TN" />
        </g>
        <g clip-path="url(#right-of)">
          <path d={bins.positive} class="fill-TP" />
          <path d={bins.negative} class="fill-FP" />
          <path d={bins.negative} fill="url(#hatch)" />
        </g>
        <path d={`M0 ${HALF}H${WIDTH}`} class="axis" vector-effect="non-scaling-stroke" />
        <path d={`M${x} 0V${2 * HALF}`} class="cursor" vector-effect="non-scaling-stroke" />
      </svg>
      <input
        type="range"
        class="threshold-range"
        min="0"
        max="1"
        step="0.001"
        value={value}
        aria-label={label}
        aria-valuetext={thresholdText(value)}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
      />
      <div class="histogram-ends" aria-hidden="true">
        <span>0</span>
        <span>0.25</span>
        <span>0.5</span>
        <span>0.75</span>
        <span>1</span>
      </div>
    </div>
  );
}
