/** Endings of picture files, the usual ones first: the order in which a path without an ending is tried. */
export const PICTURE_ENDINGS: readonly string[] =
  '.jpg .jpeg .png .dcm .tif .tiff .webp .bmp .gif .JPG .JPEG .PNG .DCM .TIF .TIFF'.split(' ');
