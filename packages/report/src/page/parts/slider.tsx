/** A slider from 0 to 1 with its name before it and its value behind it. */
export function Slider({
  name,
  step,
  value,
  text,
  wide = false,
  onInput,
}: {
  name: string;
  step: number;
  value: number;
  /** The value as it is read and heard. */
  text: string;
  wide?: boolean;
  onInput: (value: string) => void;
}) {
  return (
    <label class={wide ? 'slider-small slider-threshold' : 'slider-small'}>
      <span>{name}</span>
      <input
        type="range"
        min="0"
        max="1"
        step={step}
        value={value}
        aria-valuetext={text}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <output>{text}</output>
    </label>
  );
}
