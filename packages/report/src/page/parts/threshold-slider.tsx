import { thresholdText } from '../draw/text.ts';
import { adjust } from '../state/place.ts';
import { run } from '../state/report.ts';
import { threshold } from '../state/threshold.ts';

/** The threshold where there is no histogram. */
export function ThresholdSlider() {
  return (
    <label class="slider-small slider-threshold">
      <span>Threshold</span>
      <input
        type="range"
        min="0"
        max="1"
        step="0.005"
        value={threshold.value}
        aria-valuetext={thresholdText(threshold.value)}
        onInput={(event) => {
          const value = Number(event.currentTarget.value);
          adjust({ t: value === run.threshold ? '' : thresholdText(value) });
        }}
      />
      <output>{thresholdText(threshold.value)}</output>
    </label>
  );
}
