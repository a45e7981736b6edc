import { effect, signal } from '@preact/signals';
import { keep, kept } from './storage.ts';

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'seewhy/theme';
const dark = window.matchMedia('(prefers-color-scheme: dark)');
const system = signal(dark.matches);
dark.addEventListener('change', () => {
  system.value = dark.matches;
});

export const theme = signal<Theme>(THEMES.find((name) => name === kept(KEY)) ?? 'auto');

export function setTheme(name: Theme): void {
  theme.value = name;
  keep(KEY, name);
}

effect(() => {
  const now = theme.value === 'auto' ? (system.value ? 'dark' : 'light') : theme.value;
  document.documentElement.dataset.theme = now;
});
