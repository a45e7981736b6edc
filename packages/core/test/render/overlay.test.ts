import { describe, expect, it } from 'vitest';
import { colormap } from '../../src/heatmap/colormaps.ts';
import { blankPicture } from '../../src/picture/picture.ts';
import { heatmapImage, transparentHeatmap } from '../../src/render/heatmap-image.ts';
import { overlay } from '../../src/render/overlay.ts';
import { createRaster, INK, paste } from '../../src/render/raster.ts';
import { largestDifference, referenceArray, referenceMap, referencePicture } from '../picture/references.ts';

const source = referencePicture('source.npy');
const map = referenceMap('overlay-map.npy');
const row = (...values: number[]) => ({ width: values.length, height: 1, data: Float32Array.from(values) });

describe("the peers' own functions, to the last bit", () => {
  it('pytorch-grad-cam: show_cam_on_image', () => {
    const made = overlay(source, map, { style: 'pytorch-grad-cam' });
    expect(largestDifference(made.data, referencePicture('overlay-pytorch-grad-cam.npy').data)).toBe(0);
  });
  it('the same with image_weight=0.7', () => {
    const made = overlay(source, map, { style: 'pytorch-grad-cam', opacity: 0.3 });
    expect(largestDifference(made.data, referencePicture('overlay-pytorch-grad-cam-70.npy').data)).toBeLessThanOrEqual(
      1,
    );
  });
  it('tf-explain: heatmap_display', () => {
    const made = overlay(source, map, { style: 'tf-explain' });
    expect(largestDifference(made.data, referencePicture('overlay-tf-explain.npy').data)).toBe(0);
  });
  it('cv2.addWeighted(picture, 0.7, heat, 1, 0) for every pair of bytes', () => {
    // Two colours of the table at each step, every byte of the picture under them.
    const table = referenceArray('add-weighted.npy').data as Uint8Array;
    const picture = { width: 256, height: 256, channels: 3 as const, data: new Uint8Array(256 * 256 * 3) };
    const values = new Float32Array(256 * 256);
    for (let y = 0; y < 256; y++) {
      for (let x = 0; x < 256; x++) {
        picture.data.fill(x, (y * 256 + x) * 3, (y * 256 + x) * 3 + 3);
        values[y * 256 + x] = y / 255;
      }
    }
    const made = overlay(picture, { width: 256, height: 256, data: values }, { style: 'tf-explain' });
    const colours = colormap('viridis');
    for (let y = 0; y < 256; y++) {
      const step = Math.trunc(Math.fround(Math.fround(y / 255) * 255)) * 3;
      for (let x = 0; x < 256; x++) {
        for (let c = 0; c < 3; c++) expect(made.data[(y * 256 + x) * 3 + c]).toBe(table[colours[step + c]! * 256 + x]);
      }
    }
  });
});

describe('our overlay', () => {
  it('leaves the picture alone where the map is 0, covers it where it is 1', () => {
    const picture = blankPicture(3, 1, [100, 150, 200]);
    const made = overlay(picture, row(0, 1, Number.NaN), { opacity: 1 });
    expect([...made.data]).toEqual([100, 150, 200, 0xfd, 0xe7, 0x25, 100, 150, 200]);
  });
  it('uniform mixes everywhere', () => {
    const made = overlay(blankPicture(1, 1, [0, 0, 0]), row(0), {
      style: 'uniform',
      opacity: 0.5,
      colormap: 'viridis',
    });
    expect([...made.data]).toEqual([0x44 / 2, 1, 0x54 / 2]);
  });
  it('signed: nothing at zero, blue below, red above', () => {
    const made = overlay(blankPicture(3, 1, [9, 9, 9]), row(-1, 0, 1), { signed: true, opacity: 1 });
    const table = colormap('diverging');
    expect([...made.data]).toEqual([...table.slice(0, 3), 9, 9, 9, ...table.slice(765)]);
  });
  it('what the model did not see is dimmed, never coloured', () => {
    const picture = blankPicture(3, 1, [120, 120, 120]);
    const made = overlay(picture, { ...row(1, 1, 1), seen: { x0: 1, y0: 0, x1: 2, y1: 1 } }, { opacity: 1 });
    const grey = [120, 120, 120];
    expect([...made.data.slice(3, 6)]).not.toEqual(grey);
    expect(new Set(made.data.slice(0, 3)).size).toBe(1);
    expect([...made.data.slice(6)]).toEqual([...made.data.slice(0, 3)]);
  });
  it('resizes a map of another size', () => {
    expect(overlay(source, referenceMap('cam7x7.npy')).data).toHaveLength(source.data.length);
  });
  it('does not change its arguments', () => {
    const picture = blankPicture(2, 1);
    overlay(picture, row(1, 1));
    expect([...picture.data]).toEqual(new Array(6).fill(255));
  });
});

describe('heatmapImage', () => {
  it('colours, grey for NaN and what was not seen', () => {
    const made = heatmapImage({ ...row(0, 1, Number.NaN, 1), seen: { x0: 0, y0: 0, x1: 3, y1: 1 } });
    expect([...made.data]).toEqual([0x44, 1, 0x54, 0xfd, 0xe7, 0x25, ...INK.unseen, ...INK.unseen]);
  });
  it('the transparent one gives the overlay when it is laid on the picture', () => {
    const canvas = createRaster(source.width, source.height);
    paste(canvas, source, 0, 0);
    paste(canvas, transparentHeatmap(map), 0, 0);
    expect(largestDifference(canvas.data, overlay(source, map).data)).toBeLessThanOrEqual(1);
  });
});
