import { signal } from '@preact/signals';
import { allDone } from '../draw/queue.ts';

/** The page is being printed: galleries show their first pictures, all of them drawn. */
export const printing = signal(false);
/** Pictures of one gallery on paper. */
export const MOST_PRINTED = 60;

window.addEventListener('beforeprint', () => {
  printing.value = true;
});
window.addEventListener('afterprint', () => {
  printing.value = false;
});

/** Prints when all pictures that will be on paper are there. */
export async function printPage(): Promise<void> {
  printing.value = true;
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  await allDone();
  await Promise.allSettled([...document.images].map((image) => image.decode()));
  window.print();
}
