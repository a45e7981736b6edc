import { useRef, useState } from 'preact/hooks';
import { type Completion, completeFilter } from '../../filter/complete-filter.ts';
import { count, shorten } from '../draw/text.ts';
import { adjust, go, here } from '../state/place.ts';
import { records } from '../state/report.ts';
import { context, filter, selected } from '../state/selection.ts';
import { saveTable } from './table-file.ts';

/** The filter in its own small language, with what may stand at the cursor, and what is wrong, said kindly. */
export function FilterBox() {
  const input = useRef<HTMLInputElement>(null);
  const begun = useRef(false);
  const [offer, setOffer] = useState<Completion | undefined>();
  const [active, setActive] = useState(-1);
  const { problems } = filter.value;
  const text = here.q.value;
  const options = offer?.options.slice(0, 12) ?? [];
  const open = options.length > 0;

  const complete = (at: HTMLInputElement) => {
    setOffer(completeFilter(at.value, at.selectionStart ?? at.value.length, context()));
    setActive(-1);
  };
  const set = (value: string) => {
    // The first change of a visit is a step that `back` undoes; the letters after it are not.
    if (begun.current) adjust({ q: value });
    else go({ q: value });
    begun.current = true;
  };
  const accept = (i: number) => {
    const option = options[i];
    const field = input.current;
    if (!option || !offer || !field) return;
    const value = field.value.slice(0, offer.from) + option.text + field.value.slice(offer.to);
    const cursor = offer.from + option.text.length;
    set(value);
    field.value = value;
    field.setSelectionRange(cursor, cursor);
    field.focus();
    if (option.text.endsWith(':') || option.text.endsWith(')')) complete(field);
    else setOffer(undefined);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!open) {
        if (input.current) complete(input.current);
        return;
      }
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setActive((active + step + options.length + (active < 0 && step < 0 ? 1 : 0)) % options.length);
    } else if ((event.key === 'Enter' || event.key === 'Tab') && open && active >= 0) {
      event.preventDefault();
      accept(active);
    } else if (event.key === 'Enter') setOffer(undefined);
    else if (event.key === 'Escape' && open) {
      event.preventDefault();
      event.stopPropagation();
      setOffer(undefined);
    }
  };
  return (
    <search class="filter">
      <div class="filter-line">
        <label class="unseen" for="filter">
          Filter
        </label>
        <input
          id="filter"
          ref={input}
          type="text"
          role="combobox"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          placeholder="Filter: label:… score>0.4 wrong"
          value={text}
          aria-expanded={open}
          aria-controls="filter-options"
          aria-autocomplete="list"
          aria-activedescendant={active >= 0 ? `filter-option-${active}` : undefined}
          aria-describedby={problems.length > 0 ? 'filter-problems' : undefined}
          aria-invalid={problems.some(({ severity }) => severity === 'error')}
          onFocus={() => (begun.current = false)}
          onInput={(event) => {
            set(event.currentTarget.value);
            complete(event.currentTarget);
          }}
          onKeyDown={onKey}
          onBlur={() => setOffer(undefined)}
        />
        <kbd title="Key">/</kbd>
        {text !== '' && (
          <button type="button" class="filter-clear" aria-label="Clear the filter" onClick={() => go({ q: '' })}>
            ✕
          </button>
        )}
        <div class="filter-options" hidden={!open}>
          <div id="filter-options" role="listbox" aria-label="What may stand here">
            {options.map((option, i) => (
              // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus, aria-activedescendant names the option
              // biome-ignore lint/a11y/useKeyWithClickEvents: Enter and Tab in the field choose it
              <div
                key={option.text}
                id={`filter-option-${i}`}
                role="option"
                aria-selected={i === active}
                onPointerDown={(event) => event.preventDefault()}
                onClick={() => accept(i)}
              >
                <bdi>{shorten(option.text, 60)}</bdi>
                <span class="quiet">{option.title}</span>
              </div>
            ))}
          </div>
        </div>
      </div>
      <p class="filter-count" role="status">
        {selected.value.length === records.length
          ? count(records.length, 'picture')
          : `${selected.value.length.toLocaleString('en')} of ${count(records.length, 'picture')}`}
      </p>
      <button type="button" class="quiet-button" onClick={() => saveTable(selected.value)}>
        CSV
        <span class="unseen"> of the selected pictures</span>
      </button>
      {problems.length > 0 && (
        <ul class="filter-problems" id="filter-problems">
          {problems.slice(0, 3).map(({ message, nearest, at }) => (
            <li key={`${at} ${message}`}>
              <bdi>{message}</bdi>
              {nearest.length > 0 && (
                <span class="quiet">
                  {' '}
                  Did you mean <bdi>{nearest.map((name) => shorten(name, 40)).join(', ')}</bdi>?
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
    </search>
  );
}
