import { shorten } from '../draw/text.ts';

/** A text from outside (an id, a label, a column): shown as it is, cut when it is very long, and kept from turning its neighbours around. */
export function Name({ text, most = 80 }: { text: string; most?: number }) {
  const shown = shorten(text, most);
  return (
    <bdi class="name" {...(shown === text ? {} : { title: shorten(text, 1000) })}>
      {shown === '' ? '(empty)' : shown}
    </bdi>
  );
}
