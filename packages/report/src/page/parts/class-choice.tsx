import { shorten } from '../draw/text.ts';
import { target } from '../state/decisions.ts';
import { go } from '../state/place.ts';
import { run } from '../state/report.ts';

/** Which class is looked at against the rest. */
export function ClassChoice() {
  if (run.task === 'binary') return null;
  return (
    <label class="field">
      <span>Class</span>
      <select
        value={target.value ?? ''}
        onChange={(event) => go({ class: run.classes[Number(event.currentTarget.value)] ?? '' })}
      >
        {run.task === 'multiclass' && <option value="">choose one …</option>}
        {run.classes.map((name, i) => (
          <option key={name} value={i}>
            {shorten(name, 50)}
          </option>
        ))}
      </select>
    </label>
  );
}
