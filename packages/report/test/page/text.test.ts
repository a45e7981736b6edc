import { expect, it } from 'vitest';
import { shorten } from '../../src/page/draw/text.ts';

it('names are cut in the middle: they often begin alike', () => {
  const names = ['scalp', 'left hand'].map((place) => `Malignant melanoma, superficially spreading, of the ${place}`);
  const shown = names.map((name) => shorten(name, 26));
  expect(shown).toEqual(['Malignant melan… the scalp', 'Malignant melan… left hand']);
  expect(shown.map((text) => text.length)).toEqual([26, 26]);
});

it('what fits is as it was, also in letters of two units; what does not is of whole letters', () => {
  expect(shorten('nevus', 5)).toBe('nevus');
  expect(shorten('🔬'.repeat(5), 5)).toBe('🔬'.repeat(5));
  expect(shorten('🔬'.repeat(6), 5)).toBe('🔬🔬🔬…🔬');
  expect(shorten(`a${'x'.repeat(10_000)}b`, 8)).toBe('axxxx…xb');
  expect(shorten('nevus', 1)).toBe('…');
  expect(shorten('🔬'.repeat(10_000), 5)).toBe('🔬🔬🔬…🔬');
});

it('sentences are cut at the end', () => {
  expect(shorten(`${'word '.repeat(30)}end`, 100)).toBe(`${'word '.repeat(30).slice(0, 99)}…`);
});
