import { isDrawable } from '@seewhy/core';

/**
 * A label as a picture can show it: behind the number of its class where the font lacks some of its letters, since the boxes drawn in
 * their place look alike.
 */
export const shownLabel = (label: string, id: number | string): string =>
  isDrawable(label) ? label : `${id} ${label}`;
