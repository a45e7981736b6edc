import type { Kind } from '../state/decisions.ts';

/** Words for how a decision went; the shape and the colour say the same. */
export const KIND_NAMES: Readonly<Record<Kind, string>> = {
  TP: 'true positive',
  FN: 'false negative',
  TN: 'true negative',
  FP: 'false positive',
  right: 'right',
  wrong: 'wrong',
  none: 'no label',
};

/** Errors are triangles, hits are round; predicted positive is filled, negative is hollow. */
export function Mark({ kind, quiet = false }: { kind: Kind; quiet?: boolean }) {
  const filled = kind === 'TP' || kind === 'FP' || kind === 'right' || kind === 'wrong';
  const round = kind === 'TP' || kind === 'TN' || kind === 'right';
  const shape =
    kind === 'none' ? (
      <path d="M3 7h8" class="mark-line" />
    ) : round ? (
      <circle cx="7" cy="7" r="5" class={filled ? 'mark-full' : 'mark-line'} />
    ) : (
      <path d="M7 1.8 12.6 12H1.4Z" class={filled ? 'mark-full' : 'mark-line'} />
    );
  if (quiet)
    return (
      <svg class={`mark mark-${kind}`} viewBox="0 0 14 14" aria-hidden="true">
        {shape}
      </svg>
    );
  return (
    <svg class={`mark mark-${kind}`} viewBox="0 0 14 14" role="img" aria-label={KIND_NAMES[kind]}>
      {shape}
    </svg>
  );
}
