import { useState } from 'preact/hooks';

/** Copies a text; where the browser does not allow it, shows the text to be copied by hand. */
export function CopyButton({ text, label }: { text: () => string; label: string }) {
  const [state, setState] = useState<'idle' | 'done' | 'byHand'>('idle');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      setState('done');
      setTimeout(() => setState('idle'), 1800);
    } catch {
      setState('byHand');
    }
  };
  return (
    <span class="copy">
      <button type="button" class="quiet-button" onClick={copy}>
        {state === 'done' ? 'Copied' : label}
      </button>
      {state === 'byHand' && (
        <input
          class="copy-text"
          readOnly
          value={text()}
          aria-label="Text to copy"
          onFocus={(event) => event.currentTarget.select()}
        />
      )}
      <span class="unseen" role="status">
        {state === 'done' ? 'Copied' : ''}
      </span>
    </span>
  );
}
