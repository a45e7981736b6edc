import { expect, it } from 'vitest';
import { COLORMAPS, type ColormapName, colormap, colourIndex } from '../../src/heatmap/colormaps.ts';
import { referenceJson } from '../picture/references.ts';

const reference: Record<string, number[][]> = referenceJson('colormaps.json');
const colours = (name: ColormapName) =>
  Array.from({ length: 256 }, (_, i) => [...colormap(name).slice(i * 3, i * 3 + 3)]);

it.each(['viridis', 'magma', 'inferno', 'cividis', 'turbo', 'jet'] as const)("%s equals OpenCV's table", (name) => {
  expect(colours(name)).toEqual(reference[name]);
});

it('diverging runs from blue over near-white to red', () => {
  const at = [0, 32, 64, 96, 127, 128, 160, 192, 224, 255];
  expect(at.map((i) => colours('diverging')[i])).toEqual(reference.diverging);
});

it('the first and last colours are the published ones', () => {
  expect(colours('viridis')[0]).toEqual([0x44, 0x01, 0x54]);
  expect(colours('viridis')[255]).toEqual([0xfd, 0xe7, 0x25]);
  expect(colours('jet')[0]).toEqual([0, 0, 128]);
});

it('an unknown name is told the nearest', () => {
  expect(() => colormap('virids' as ColormapName)).toThrow(/'viridis'/);
  expect(COLORMAPS).toContain('cividis');
});

it('colourIndex rounds, saturates and marks NaN', () => {
  expect([0, 0.5, 1, -3, 7, Number.NaN].map((v) => colourIndex(v, false))).toEqual([0, 128, 255, 0, 255, -1]);
  expect([-1, 0, 1].map((v) => colourIndex(v, true))).toEqual([0, 128, 255]);
});
