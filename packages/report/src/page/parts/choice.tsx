/** A row of radio buttons that looks like one switch. */
export function Choice<T extends string>({
  label,
  name,
  values,
  value,
  onChange,
}: {
  label: string;
  name: string;
  values: readonly { readonly value: T; readonly text: string; readonly hint?: string }[];
  value: T;
  onChange: (value: T) => void;
}) {
  return (
    <fieldset class="choice">
      <legend class="unseen">{label}</legend>
      {values.map((one) => (
        <label key={one.value} title={one.hint}>
          <input type="radio" name={name} checked={one.value === value} onChange={() => onChange(one.value)} />
          <span>{one.text}</span>
        </label>
      ))}
    </fieldset>
  );
}
