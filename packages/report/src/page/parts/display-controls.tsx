import { COLORMAPS } from '@seewhy/core';
import { percent } from '../draw/text.ts';
import { coloursFor, LOOKS, look, method, opacity } from '../state/display.ts';
import { adjust, go } from '../state/place.ts';
import { run } from '../state/report.ts';
import { Choice } from './choice.tsx';
import { Slider } from './slider.tsx';

const LOOK_NAMES = { overlay: 'Overlay', picture: 'Picture', heatmap: 'Heatmap' } as const;

/** How pictures are shown in galleries. */
export function LookChoice() {
  if (!method.value) return null;
  return (
    <Choice
      label="Show pictures as"
      name="look"
      values={LOOKS.map((value) => ({ value, text: LOOK_NAMES[value] }))}
      value={look.value}
      onChange={(value) => go({ look: value === 'overlay' ? '' : value })}
    />
  );
}

export function MethodChoice() {
  if (run.methods.length < 2) return null;
  return (
    <Choice
      label="Method"
      name="method"
      values={run.methods.map(({ name, title }, i) => ({ value: name, text: title, hint: `Key ${i + 1}` }))}
      value={method.value?.name ?? ''}
      onChange={(name) => go({ method: name })}
    />
  );
}

export function OpacitySlider() {
  return (
    <Slider
      name="Opacity"
      step={0.05}
      value={opacity.value}
      text={percent(opacity.value)}
      onInput={(value) => adjust({ opacity: value })}
    />
  );
}

export function ColourChoice() {
  const signed = method.value?.signed ?? false;
  return (
    <label class="field">
      <span>Colours</span>
      <select
        value={coloursFor(signed)}
        disabled={signed}
        onChange={(event) => go({ colours: event.currentTarget.value })}
      >
        {COLORMAPS.filter((name) => signed === (name === 'diverging')).map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
