import { type ColormapName, finishMap, type HeatMap, overlay, type Picture } from '@seewhy/core';
import { type Grid, pictureGrid } from './picture-grid.ts';

/** How maps are laid on their pictures. */
export interface OverlayArguments {
  /** Default `viridis`. */
  readonly colormap?: ColormapName;
  /** Share of the picture in the sum of picture and colours, 0…1; default 0.7. 0: the map alone. */
  readonly imageWeight?: number;
}

/** Maps in colours, each on its picture, as tf-explain draws them: bilinear to the picture's size, its own least and largest value. */
export function layOver(
  maps: readonly HeatMap[],
  pictures: readonly Picture[],
  { colormap = 'viridis', imageWeight = 0.7 }: OverlayArguments,
): Grid {
  return pictureGrid(
    maps.map((map, at) => {
      const picture = pictures[at]!;
      const finished = finishMap(map, 'tf-explain', picture).map;
      return overlay(picture, finished, { style: 'tf-explain', colormap, opacity: 1 - imageWeight });
    }),
  );
}
