import { BLOCK_ATTRIBUTE, type BlockKind } from '../../bundle/blocks.ts';
import type { ReportReader } from '../../bundle/report-reader.ts';

/**
 * Gives the reader the blocks that follow the program in this document, each as soon as it has arrived completely: the page is in use
 * while the pictures are still being read from the disk.
 * @param onBlocks called after some were added; `ended`: no more will come
 */
export function followBlocks(
  reader: ReportReader,
  onBlocks: (ended: boolean) => void,
  onError: (error: unknown) => void,
) {
  let last: Element | null = document.currentScript;
  let observer: MutationObserver | undefined;
  const take = () => {
    const parsed = document.readyState !== 'loading';
    let added = 0;
    try {
      for (;;) {
        const next: Element | null = last ? last.nextElementSibling : document.body.firstElementChild;
        // The element that is being parsed has no successor yet.
        if (!next || (!parsed && !next.nextSibling)) break;
        last = next;
        const kind = next.getAttribute(BLOCK_ATTRIBUTE);
        if (!kind) continue;
        reader.add(kind as BlockKind, next.textContent ?? '');
        // The text lives on in the reader only.
        next.textContent = '';
        added++;
      }
    } catch (error) {
      observer?.disconnect();
      onError(error);
      return;
    }
    if (parsed) observer?.disconnect();
    if (added > 0 || parsed) onBlocks(parsed);
  };
  observer = new MutationObserver(take);
  observer.observe(document.body, { childList: true });
  document.addEventListener('DOMContentLoaded', take, { once: true });
  take();
}
