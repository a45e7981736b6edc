import type { Picture } from '@seewhy/core';
export async function decodePicture(bytes: Uint8Array, { name }: { name: string; maxPixels?: number }): Promise<Picture> {
  const { default: sharp } = await import('sharp');
  const { data, info } = await sharp(bytes).rotate().removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: 3, data, name };
}
