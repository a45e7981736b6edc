import { thresholdText } from '../draw/text.ts';
import { adjust } from '../state/place.ts';
import { run } from '../state/report.ts';
import { threshold } from '../state/threshold.ts';
import { Slider } from './slider.tsx';

/** The threshold where there is no histogram. */
export function ThresholdSlider() {
  return (
    <Slider
      name="Threshold"
      step={0.005}
      value={threshold.value}
      text={thresholdText(threshold.value)}
      wide
      onInput={(text) => {
        const value = Number(text);
        adjust({ t: value === run.threshold ? '' : thresholdText(value) });
      }}
    />
  );
}
