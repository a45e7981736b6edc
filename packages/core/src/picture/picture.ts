import { errors } from '../errors.ts';

/**
 * A decoded picture: 8-bit sRGB, three interleaved channels, row by row from the top left.
 *
 * What a file may hold beyond that is settled at decoding: transparency is flattened onto a background (white unless told
 * otherwise), 16 bits are reduced to 8, the EXIF orientation is applied, grey becomes R = G = B.
 */
export interface Picture {
  width: number;
  height: number;
  channels: 3;
  /** `height * width * 3` bytes: R G B R G B … */
  data: Uint8Array;
  /** What to call it in captions and errors; usually the file's name. */
  name?: string;
  /** What decoding decided or dropped, in sentences: "Animated picture: the first of 12 frames was taken." */
  notes?: string[];
}

/** A rectangle of pixels, `x1` and `y1` excluded. */
export interface Box {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** A picture of one colour (default white): a start for tests, baselines and padding. */
export function blankPicture(width: number, height: number, colour: readonly number[] = [255, 255, 255]): Picture {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = colour[i % 3]!;
  return { width, height, channels: 3, data };
}

/**
 * ITU-R 601 luma of each pixel, with Pillow's integer weights (`Image.convert('L')`):
 * `(19595 R + 38470 G + 7471 B + 32768) >> 16`. Returns `height * width` bytes.
 */
export function luma(picture: Picture): Uint8Array {
  const { data } = picture;
  const grey = new Uint8Array(picture.width * picture.height);
  for (let i = 0, j = 0; i < grey.length; i++, j += 3) {
    grey[i] = (data[j]! * 19595 + data[j + 1]! * 38470 + data[j + 2]! * 7471 + 0x8000) >> 16;
  }
  return grey;
}

/** The same picture without colour: R = G = B = {@link luma}. */
export function greyPicture(picture: Picture): Picture {
  const grey = luma(picture);
  const data = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) data.fill(grey[i]!, i * 3, i * 3 + 3);
  return { ...picture, data };
}

/** @throws SeewhyError `SIZE_INVALID` unless both are whole numbers of at least 1 */
export function checkSize(width: number, height: number): void {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0))
    throw errors.sizeInvalid(width, height);
}
