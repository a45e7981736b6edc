import type { ComponentChildren } from 'preact';

/** What may be wider than the page scrolls in here, by keys too. */
export function ScrollBox({
  label,
  kind = '',
  children,
}: {
  label: string;
  kind?: string;
  children: ComponentChildren;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields, and a section would be one landmark among too many
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <div role="group" class={`table-box ${kind}`} tabIndex={0} aria-label={label}>
      {children}
    </div>
  );
}
