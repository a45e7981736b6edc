import { dicomStart } from './dicom/dicom-start.ts';

/** Kinds of file told apart by their first bytes. */
export type PictureFormat =
  | 'PNG'
  | 'JPEG'
  | 'GIF'
  | 'WebP'
  | 'TIFF'
  | 'AVIF'
  | 'HEIC'
  | 'BMP'
  | 'JPEG XL'
  | 'JPEG 2000'
  | 'SVG'
  | 'DICOM';

/** What a file is, by its first bytes; a phrase for what is no picture at all. The file's name is not looked at. */
export function pictureFormat(bytes: Uint8Array): { format: PictureFormat } | { notAPicture: string } {
  const starts = (text: string, at = 0) => [...text].every((c, i) => bytes[at + i] === c.charCodeAt(0));
  if (starts('\x89PNG\r\n\x1a\n')) return { format: 'PNG' };
  if (starts('\xff\xd8\xff')) return { format: 'JPEG' };
  if (starts('GIF8')) return { format: 'GIF' };
  if (starts('RIFF') && starts('WEBP', 8)) return { format: 'WebP' };
  // Before TIFF: a DICOM file may begin as one, so that viewers of either kind open it (PS3.10, 7.1).
  if (starts('DICM', 128)) return { format: 'DICOM' };
  if (starts('II*\0') || starts('MM\0*') || starts('II+\0') || starts('MM\0+')) return { format: 'TIFF' };
  if (starts('ftyp', 4)) {
    const brands = String.fromCharCode(...bytes.subarray(8, 32));
    if (/avif|avis/.test(brands)) return { format: 'AVIF' };
    if (/hei[cxms]|hev[cx]|mif1/.test(brands)) return { format: 'HEIC' };
    return { notAPicture: 'a video (MP4)' };
  }
  if (starts('BM')) return { format: 'BMP' };
  if (starts('\xff\x0a') || starts('JXL ', 4)) return { format: 'JPEG XL' };
  if (starts('jP  ', 4) || starts('\xff\x4f\xff\x51')) return { format: 'JPEG 2000' };
  if (dicomStart(bytes)) return { format: 'DICOM' };
  if (starts('%PDF')) return { notAPicture: 'a PDF' };
  if (starts('PK\x03\x04')) return { notAPicture: 'a zip archive' };
  if (starts('\x93NUMPY')) return { notAPicture: 'a NumPy array (.npy)' };

  const head = new TextDecoder().decode(bytes.subarray(0, 512)).trimStart();
  if (/^(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*(<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]/is.test(head)) return { format: 'SVG' };
  if (/^<(!doctype html|html)/i.test(head)) return { notAPicture: 'a web page (HTML)' };
  if (head.startsWith('version https://git-lfs')) {
    return { notAPicture: "a Git LFS pointer (run 'git lfs pull')" };
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what tells binary from text
  if (!/[\x00-\x08\x0e-\x1f\ufffd]/.test(head)) return { notAPicture: 'a text file' };
  return { notAPicture: 'no picture format we know' };
}
