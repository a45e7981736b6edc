import { readFile } from 'node:fs/promises';
import { decodeNpy, npyToFloat32 } from '@seewhy/core';
import { SeewhyError } from '@seewhy/onnx';
import type { DatasetRow } from '../dataset/dataset.ts';
import { errors, systemCode } from '../errors.ts';
import { type LoadedRow, loadRow } from './load-row.ts';
import type { AuditPlan } from './plan.ts';

/** A finished map as it lies in its file: 0..1, signed ones −1..1. */
export interface StoredMap {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** Rows of some ids, found in one walk over the data set, to be read again for panels and report. */
export class RowStore {
  readonly #rows: ReadonlyMap<string, DatasetRow>;
  readonly #plan: AuditPlan;

  private constructor(rows: ReadonlyMap<string, DatasetRow>, plan: AuditPlan) {
    this.#rows = rows;
    this.#plan = plan;
  }

  static async find(ids: ReadonlySet<string>, plan: AuditPlan): Promise<RowStore> {
    const rows = new Map<string, DatasetRow>();
    for await (const item of plan.dataset.rows()) {
      if (rows.size === ids.size) break;
      if ('problem' in item || !ids.has(item.id) || rows.has(item.id)) continue;
      // What the data set says of a picture is in its record.
      if (plan.scan.numberOf(item) >= 0) rows.set(item.id, { ...item, columns: {}, labels: [] });
    }
    return new RowStore(rows, plan);
  }

  /** Reads a row's picture again. @throws SeewhyError when it has gone meanwhile */
  async load(id: string): Promise<LoadedRow> {
    const row = this.#rows.get(id);
    const { opened, maxPixels, window } = this.#plan;
    const { width, height } = opened.model.image;
    const loaded =
      row && (await loadRow(row, { preprocess: opened.preprocess, input: { width, height }, maxPixels, window }));
    if (loaded && !('failed' in loaded)) return loaded;
    throw new SeewhyError({
      code: loaded?.failed.code ?? 'PICTURE_NOT_FOUND',
      what: loaded?.failed.what ?? `The picture of '${id}' is not there any more`,
      cure: 'Leave the data set as it is while it is audited.',
    });
  }
}

/** Reads a map that the audit wrote. */
export async function readMap(path: string): Promise<StoredMap> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw errors.file(path, `cannot be read (${systemCode(cause)})`, 'Begin a new run.', cause);
  }
  const array = decodeNpy(bytes, path);
  const [height, width] = array.dims as [number, number];
  return { width, height, data: npyToFloat32(array) };
}
