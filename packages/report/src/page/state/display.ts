import { computed } from '@preact/signals';
import { COLORMAPS, type ColormapName, defaultColormap } from '@seewhy/core';
import { here } from './place.ts';
import { run } from './report.ts';

export const LOOKS = ['overlay', 'picture', 'heatmap'] as const;
export const MODES = ['one', 'beside', 'wipe', 'grid'] as const;
export type Mode = (typeof MODES)[number];

const oneOf = <T extends string>(names: readonly T[], given: string, otherwise: T): T =>
  (names as readonly string[]).includes(given) ? (given as T) : otherwise;

export const look = computed(() => oneOf(LOOKS, here.look.value, 'overlay'));
export const mode = computed(() => oneOf(MODES, here.mode.value, 'one'));
export const opacity = computed(() => {
  const given = Number(here.opacity.value);
  return here.opacity.value !== '' && given >= 0 && given <= 1 ? given : 0.7;
});

/** The method whose maps are shown; undefined when the run has none. */
export const method = computed(() => run.methods.find(({ name }) => name === here.method.value) ?? run.methods[0]);

/** The colours of a map; those for two signs go with signed maps and no others. */
export function coloursFor(signed: boolean): ColormapName {
  const chosen = oneOf(COLORMAPS, here.colours.value, defaultColormap());
  return signed || chosen === 'diverging' ? defaultColormap(signed) : chosen;
}
