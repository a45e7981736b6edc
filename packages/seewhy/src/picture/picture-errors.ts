import { SeewhyError } from '@seewhy/onnx';

const READABLE = 'PNG, JPEG, WebP, GIF, TIFF, BMP, AVIF and DICOM can be read';

/** What can be wrong with a picture file: one clear sentence each, with a cure. */
export const pictureErrors = {
  notFound: (where: string, cause?: unknown) =>
    new SeewhyError({
      code: 'PICTURE_NOT_FOUND',
      what: 'The picture cannot be opened',
      where,
      cure: 'Check the path and the rights to read it.',
      cause,
    }),
  empty: (where: string) =>
    new SeewhyError({
      code: 'PICTURE_EMPTY',
      what: 'The picture file is empty (0 bytes)',
      where,
      cure: 'Copy or download it again.',
    }),
  notAPicture: (where: string, found: string) =>
    new SeewhyError({
      code: 'PICTURE_NOT_A_PICTURE',
      what: `This is not a picture: it begins like ${found}`,
      where,
      cure: `${READABLE}.`,
    }),
  unsupported: (where: string, format: string, cure?: string) =>
    new SeewhyError({
      code: 'PICTURE_FORMAT_UNSUPPORTED',
      what: `${format} pictures cannot be read`,
      where,
      cure: cure ?? `Convert it to PNG first; ${READABLE}.`,
    }),
  corrupt: (where: string, format: string, cause: unknown) =>
    new SeewhyError({
      code: 'PICTURE_CORRUPT',
      what: `The ${format} picture is damaged or cut off: ${oneLine(cause)}`,
      where,
      cure: 'Copy or download it again, or open it in an image viewer and save it anew.',
      cause,
    }),
  tooLarge: (where: string, width: number, height: number, limit: number) =>
    new SeewhyError({
      code: 'PICTURE_TOO_LARGE',
      what: `The picture has ${width}x${height} = ${megapixels(width * height)} pixels, the limit is ${megapixels(limit)}`,
      where,
      cure: 'Shrink it first, or raise maxPixels when you trust the file.',
    }),
  noFrame: (where: string, frame: number, frames: number) =>
    new SeewhyError({
      code: 'PICTURE_FRAME',
      what: `There is no frame ${frame + 1}: the file holds ${frames}`,
      where,
      cure: 'Frames are counted from 1 on the screen, from 0 in a manifest.',
    }),
  needsSharp: (where: string, format: string) =>
    new SeewhyError({
      code: 'PICTURE_NEEDS_SHARP',
      what: `${format} pictures need the package 'sharp', which is not installed or does not load here`,
      where,
      cure: "Run 'npm install sharp', or convert the picture to PNG or JPEG.",
    }),
};

const megapixels = (count: number) => `${Number((count / 1e6).toPrecision(3))} MP`;

function oneLine(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.replace(/\s+/g, ' ').trim().slice(0, 160).replace(/\.$/, '');
}
