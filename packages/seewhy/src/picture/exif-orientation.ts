/**
 * The EXIF orientation (1 to 8) of a JPEG file; 1 where there is none. Only the header segments are looked at.
 * Source: CIPA DC-008 (EXIF 2.32), tag 0x0112.
 */
export function exifOrientation(jpeg: Uint8Array): number {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  let at = 2;
  while (at + 10 < jpeg.length && jpeg[at] === 0xff) {
    const marker = jpeg[at + 1]!;
    const length = view.getUint16(at + 2);
    if (marker === 0xda) break; // the scan begins
    if (marker === 0xe1 && view.getUint32(at + 4) === 0x45786966) {
      const end = Math.min(jpeg.length, at + 2 + length);
      return tiffOrientation(new DataView(jpeg.buffer, jpeg.byteOffset + at + 10, Math.max(0, end - at - 10)));
    }
    at += 2 + length;
  }
  return 1;
}

function tiffOrientation(tiff: DataView): number {
  if (tiff.byteLength < 8) return 1;
  const little = tiff.getUint16(0) === 0x4949;
  const directory = tiff.getUint32(4, little);
  if (directory + 2 > tiff.byteLength) return 1;
  const entries = tiff.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + i * 12;
    if (entry + 12 > tiff.byteLength) break;
    if (tiff.getUint16(entry, little) !== 0x0112) continue;
    const value = tiff.getUint16(entry + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

/** RGB pixels turned upright: what the eight orientations mean, pixel by pixel. */
export function orient(
  picture: { width: number; height: number; data: Uint8Array },
  orientation: number,
): { width: number; height: number; data: Uint8Array } {
  if (orientation === 1) return picture;
  const { width: w, height: h, data } = picture;
  const swapped = orientation >= 5;
  const [width, height] = swapped ? [h, w] : [w, h];
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = swapped ? [y, x] : [x, y];
      // Which stored column and row this upright pixel comes from.
      const column = [2, 3, 7, 8].includes(orientation) ? w - 1 - u : u;
      const row = [3, 4, 6, 7].includes(orientation) ? h - 1 - v : v;
      const from = (row * w + column) * 3;
      const to = (y * width + x) * 3;
      out[to] = data[from]!;
      out[to + 1] = data[from + 1]!;
      out[to + 2] = data[from + 2]!;
    }
  }
  return { width, height, data: out };
}
