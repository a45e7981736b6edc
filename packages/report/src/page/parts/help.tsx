import { useLayoutEffect, useRef } from 'preact/hooks';
import { helps, KEYS } from '../state/keys.ts';

/** The list of keys, and the filter language by examples. */
export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = helps.value;
  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    if (open && !element.open) element.showModal();
    if (!open && element.open) element.close();
  }, [open]);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={() => (helps.value = false)}>
      <div class="title-row">
        <h2 id="help-title">Keys</h2>
        <button type="button" class="icon" aria-label="Close" onClick={() => (helps.value = false)}>
          ✕
        </button>
      </div>
      <dl class="keys">
        {KEYS.map(({ keys, does }) => (
          <div key={keys}>
            <dt>{keys.split(' ').map((key) => (key === '…' ? ' … ' : <kbd key={key}>{key}</kbd>))}</dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <h2>Filter</h2>
      <p>Conditions side by side must all hold. The field offers what may stand at the cursor.</p>
      <ul class="plain examples">
        {EXAMPLES.map(([text, does]) => (
          <li key={text}>
            <code>{text}</code> {does}
          </li>
        ))}
      </ul>
    </dialog>
  );
}

const EXAMPLES: readonly (readonly [string, string])[] = [
  ['wrong score>0.9', 'sure and wrong'],
  ['label:melanoma predicted:nevus', 'one cell of the confusion matrix'],
  ['cell:FN group:P12', 'missed pictures of one patient'],
  ['gradcam.border>0.5', 'maps that lie on the border'],
  ['gradcam.inside<0.3 masked', 'maps outside the mask'],
  ['age>=60 -site:back', 'columns of the data set'],
  ['flagged or noted', 'what you marked'],
];
