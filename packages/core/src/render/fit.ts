import type { Picture } from '../picture/picture.ts';
import { resamplePicture } from '../picture/resample.ts';
import type { Raster } from './raster.ts';

/** Size of a picture that fits inside a box with its proportions kept; at least one pixel, enlarged if it is smaller. */
export function fitInside(
  size: { width: number; height: number },
  maxWidth: number,
  maxHeight: number,
): { width: number; height: number } {
  const ratio = Math.min(maxWidth / size.width, maxHeight / size.height);
  return {
    width: Math.max(1, Math.round(size.width * ratio)),
    height: Math.max(1, Math.round(size.height * ratio)),
  };
}

/** A picture in that size; enlarged by more than twice it keeps its pixels visible. */
export function scaleTo(picture: Picture | (Raster & { channels: 3 }), width: number, height: number): Picture {
  const enlarged = width > picture.width * 2;
  return resamplePicture(picture, width, height, enlarged ? 'nearest' : 'bilinear');
}
