import type { Picture } from '@seewhy/core';
import { decodePicture } from '../picture/decode.ts';
import type { AuditProblemRow, DatasetRow, RowDecodeOptions } from './contract.ts';
import { datasetErrors, problemOf } from './dataset-errors.ts';
import { fitMask, type Mask, maskFromFile } from './mask.ts';

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
  const bytes = await row.read();
  const picture = await decodePicture(bytes, {
    name: row.path,
    ...(options.maxPixels ? { maxPixels: options.maxPixels } : {}),
  });
  if (!row.mask) return { picture, problems: [] };
  try {
    const { mask, note } = await maskOf(row, picture, options);
    if (!note) return { picture, mask, problems: [] };
    return { picture: { ...picture, notes: [...(picture.notes ?? []), note] }, mask, problems: [] };
  } catch (error) {
    return { picture, problems: [problemOf(error, row.id)] };
  }
}

async function maskOf(
  row: DatasetRow,
  picture: Picture,
  options: RowDecodeOptions,
): Promise<{ mask: Mask; note?: string }> {
  const source = row.mask!;
  if (source.kind !== 'file') throw datasetErrors.maskInvalid(row.id, 'not read yet');
  let bytes: Uint8Array;
  try {
    bytes = await source.read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'PICTURE_MISSING')
      throw datasetErrors.maskMissing(source.path);
    throw error;
  }
  return fitMask(await maskFromFile(bytes, source.path, options.maxPixels), picture, source.path);
}
