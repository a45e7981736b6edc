import { readFile, realpath, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { decodeNpy, type HeatMap, npyToFloat32, type Picture } from '@seewhy/core';
import { isSeewhyError } from '@seewhy/onnx';
import { type MapRecord, type ReportReader, readReport } from '@seewhy/report';
import { decodePicture } from '../../picture/decode.ts';

/** More is no report or map of ours. */
const MOST_REPORT = 400e6;
const MOST_MAP = 64e6;
const MOST_PIXELS = 16e6;

/** Pictures and maps of a run folder. Nothing outside the folder is opened, whatever its records name. */
export class PicturesOfRun {
  readonly #folder: string;
  readonly #reader: ReportReader | undefined;
  /** Why there are no pictures, where there are none. */
  readonly notice: string | undefined;

  private constructor(folder: string, reader: ReportReader | undefined, notice: string | undefined) {
    this.#folder = folder;
    this.#reader = reader;
    this.notice = notice;
  }

  /** Reads the report of a run, which holds its pictures as the model saw them. */
  static async open(folder: string): Promise<PicturesOfRun> {
    const path = join(folder, 'report.html');
    const info = await stat(path).catch(() => undefined);
    if (!info?.isFile())
      return new PicturesOfRun(folder, undefined, `'${path}' is missing: its pictures are not shown.`);
    if (info.size > MOST_REPORT)
      return new PicturesOfRun(folder, undefined, `'${path}' is too large to be read: its pictures are not shown.`);
    try {
      return new PicturesOfRun(folder, readReport((await readFile(path)).toString('latin1')), undefined);
    } catch (error) {
      if (!isSeewhyError(error)) throw error;
      return new PicturesOfRun(folder, undefined, `'${path}' is damaged: its pictures are not shown.`);
    }
  }

  /** The file of a picture, as it lies in the report. */
  file(id: string): { readonly type: string; readonly bytes: Uint8Array } | undefined {
    try {
      return this.#reader?.picture({ id });
    } catch (error) {
      if (isSeewhyError(error)) return undefined;
      throw error;
    }
  }

  async picture(id: string): Promise<Picture | undefined> {
    const file = this.file(id);
    if (!file) return undefined;
    try {
      return await decodePicture(file.bytes, { maxPixels: MOST_PIXELS });
    } catch (error) {
      if (isSeewhyError(error)) return undefined;
      throw error;
    }
  }

  /** A finished map; undefined when it is not there, lies outside the folder or is no map. */
  async map(record: MapRecord | undefined): Promise<HeatMap | undefined> {
    if (record?.file === undefined || record.file.length > 1000 || record.file.includes('\u0000')) return undefined;
    try {
      const root = await realpath(this.#folder);
      const path = await realpath(resolve(root, record.file));
      if (!path.startsWith(root + sep)) return undefined;
      const info = await stat(path);
      if (!info.isFile() || info.size > MOST_MAP) return undefined;
      const array = decodeNpy(await readFile(path), path);
      const [height, width] = array.dims;
      if (array.dims.length !== 2 || !(width! > 0 && height! > 0)) return undefined;
      return { width: width!, height: height!, data: npyToFloat32(array) };
    } catch (error) {
      if (isSeewhyError(error) || (error as NodeJS.ErrnoException).code) return undefined;
      throw error;
    }
  }
}
