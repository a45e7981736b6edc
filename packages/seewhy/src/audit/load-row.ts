import { createHash } from 'node:crypto';
import { type Geometry, type Picture, type Preprocess, preprocessPicture, type RunTensor } from '@seewhy/core';
import { isSeewhyError } from '@seewhy/onnx';
import type { Mask } from '@seewhy/report';
import { type DatasetRow, decodeRow } from '../dataset/dataset.ts';
import { describeError } from '../errors.ts';
import type { PixelWindow } from '../picture/window.ts';
import { maskSeen } from './mask-seen.ts';
import type { RowProblem } from './problems.ts';

/** A row whose picture was read and made into the model's input. */
export interface LoadedRow {
  readonly row: DatasetRow;
  readonly tensor: RunTensor;
  /** What the model sees. */
  readonly seen: Picture;
  readonly geometry: Geometry;
  /** Of what the model sees. */
  readonly mask?: Mask;
  /** Of the file's bytes. */
  readonly sha256: string;
  readonly notes: readonly string[];
  /** What is wrong with it, though the picture can be used. */
  readonly problems: readonly RowProblem[];
}

export interface LoadOptions {
  readonly preprocess: Preprocess;
  readonly input: { readonly width: number; readonly height: number };
  readonly maxPixels?: number | undefined;
  readonly window?: PixelWindow | undefined;
}

/** Reads, decodes and preprocesses one row; what is wrong with the picture is a problem, never thrown. */
export async function loadRow(
  row: DatasetRow,
  options: LoadOptions,
): Promise<LoadedRow | { row: DatasetRow; failed: RowProblem }> {
  try {
    const bytes = await row.read();
    const { maxPixels, window } = options;
    const decoded = await decodeRow({ ...row, read: async () => bytes }, { maxPixels, window });
    const { picture } = decoded;
    const { tensor, input, geometry } = preprocessPicture(picture, options.preprocess, options.input);
    const mask = decoded.mask && maskSeen(decoded.mask, geometry);
    return {
      row,
      tensor,
      seen: input,
      geometry,
      ...(mask ? { mask } : {}),
      sha256: createHash('sha256').update(bytes).digest('hex'),
      notes: picture.notes ?? [],
      problems: decoded.problems,
    };
  } catch (error) {
    return { row, failed: problemWith(row, error) };
  }
}

/** An error of one row as its problem: a picture that no code foresaw does not end the audit either. */
export const problemWith = (row: DatasetRow, error: unknown): RowProblem => ({
  code: isSeewhyError(error) ? error.code : 'UNEXPECTED',
  where: row.id,
  what: describeError(error),
});
