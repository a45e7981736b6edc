import type { Picture } from '@seewhy/core';
import { isSeewhyError } from '@seewhy/onnx';
import { type DecodedFile, decodeFile, pictureOf } from '../picture/decode.ts';
import { orient } from '../picture/exif-orientation.ts';
import type { AuditProblemRow, DatasetRow, MaskFile, MaskSource, RowDecodeOptions } from './contract.ts';
import { datasetErrors, problemOf } from './dataset-errors.ts';
import { fitMask, type Mask, maskFromAlpha, maskFromFile } from './mask.ts';
import { maskFromRegions } from './mask-regions.ts';

export interface DecodedRow {
  readonly picture: Picture;
  /** Where the object lies, of the picture's size. */
  readonly mask?: Mask;
  /** A mask that could not be used: the picture can. */
  readonly problems: readonly AuditProblemRow[];
}

/**
 * Reads a row's picture (upright, 8-bit RGB) and its mask.
 * @throws SeewhyError `PICTURE_*`, `PATH_OUTSIDE` … when there is no picture; what is wrong with the mask is in `problems`
 */
export async function decodeRow(row: DatasetRow, options: RowDecodeOptions = {}): Promise<DecodedRow> {
  const { maxPixels, window } = options;
  const decoded = await decodeFile(await row.read(), {
    name: row.path,
    ...(maxPixels === undefined ? {} : { maxPixels }),
    ...(window === undefined ? {} : { window }),
    ...(row.frame === undefined ? {} : { frame: row.frame }),
  });
  const picture = pictureOf(decoded);
  if (!row.mask) return { picture, problems: [] };
  try {
    const found = await maskOf(row.mask, decoded, row.id, options);
    if (!found) return { picture, problems: [] };
    const { mask, note } = found;
    if (note !== undefined) picture.notes = [...(picture.notes ?? []), note];
    return { picture, mask, problems: [] };
  } catch (error) {
    return { picture, problems: [problemOf(error, row.id)] };
  }
}

/** EXIF's orientations from here on swap the sides. */
const TURNED = 5;

async function maskOf(
  source: MaskSource,
  decoded: DecodedFile,
  where: string,
  { maxPixels, maskLabels }: RowDecodeOptions,
): Promise<{ mask: Mask; note?: string } | undefined> {
  if (source.kind === 'alpha') {
    const mask = maskFromAlpha(decoded);
    return mask && { mask };
  }
  const { width, height, orientation = 1 } = decoded;
  // Drawn on the file's own rows, before it was put upright: the sides tell.
  const lies = (w: number, h: number) => orientation >= TURNED && w === height && h === width && w !== h;
  const meant = ({ label }: { readonly label?: string }) =>
    !maskLabels || label === undefined || maskLabels.includes(label);
  if (source.kind === 'regions') {
    const regions = source.regions.filter(meant);
    if (source.size && source.size !== 'shares' && lies(...source.size))
      return { mask: upright(maskFromRegions(regions, { width: height, height: width }, where).mask, orientation) };
    return maskFromRegions(regions, decoded, where, source.size);
  }
  const fileMask = async (file: MaskFile & { readonly ignore?: 'voc' }) => {
    const mask = await maskFromFile(await maskBytes(file), file, maxPixels);
    return fitMask(lies(mask.width, mask.height) ? upright(mask, orientation) : mask, decoded, file.path);
  };
  if (source.kind === 'file') return fileMask(source);
  const union: Mask = { width, height, data: new Uint8Array(width * height) };
  const notes = new Set<string>();
  for (const file of source.files.filter(meant)) {
    const { mask, note } = await fileMask(file);
    for (let i = 0; i < union.data.length; i++) union.data[i]! |= mask.data[i]!;
    if (note !== undefined) notes.add(note);
  }
  return { mask: union, ...(notes.size > 0 ? { note: [...notes].join(' ') } : {}) };
}

async function maskBytes({ path, read }: MaskFile): Promise<Uint8Array> {
  try {
    return await read();
  } catch (error) {
    if (isSeewhyError(error) && error.code === 'PICTURE_MISSING') throw datasetErrors.maskMissing(path);
    throw error;
  }
}

function upright(mask: Mask, orientation: number): Mask {
  const data = new Uint8Array(mask.data.length * 3);
  for (let i = 0; i < mask.data.length; i++) data[i * 3] = mask.data[i]!;
  const turned = orient({ width: mask.width, height: mask.height, data }, orientation);
  return { width: turned.width, height: turned.height, data: mask.data.map((_, i) => turned.data[i * 3]!) };
}
