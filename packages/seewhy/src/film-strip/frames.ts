import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { decodeNpy, encodeNpy, fitInside, npyToFloat32, type Picture, resizeMap, scaleTo } from '@seewhy/core';
import type { ExplainedPicture } from '@seewhy/training';
import { DiskFolder } from '@seewhy/training/folders';
import { errors } from '../errors.ts';
import { decodePicture } from '../picture/decode.ts';
import { encodePng } from '../picture/encode-png.ts';

/** One map of a film strip. */
export interface Frame {
  readonly step: number;
  readonly tag: string;
  readonly checkpoint: string;
  /** What was explained, for people: `tabby`. */
  readonly target: string;
  readonly score: number;
  readonly probability?: number;
  /** Name of its picture and of its map among the kept files, without their endings. */
  readonly file: string;
}

/** Longest side of a frame's picture, and of the map that is compared. */
const PICTURE = 160;
const MAP = 64;

/**
 * Frames of a film strip, kept in a folder while a training goes on, so that a watch that is stopped and started again has all of
 * them at its end.
 */
export class Frames {
  private readonly folder: DiskFolder;
  private readonly list: Frame[];

  private constructor(folder: DiskFolder, list: Frame[]) {
    this.folder = folder;
    this.list = list;
  }

  /** @throws WATCH_FRAMES_INVALID */
  static async open(path: string): Promise<Frames> {
    const index = join(path, 'frames.jsonl');
    const text = await readFile(index, 'utf8').catch(() => '');
    // A last line that is cut off belongs to a checkpoint that is explained again; what follows must not be joined to it.
    const cut = text.slice(text.lastIndexOf('\n') + 1);
    const whole = text.slice(0, text.length - cut.length);
    if (cut !== '') await new DiskFolder(path).write('frames.jsonl', new TextEncoder().encode(whole));
    const lines = whole.split('\n').slice(0, -1);
    const list = lines.map((line): Frame => {
      try {
        const frame = JSON.parse(line) as Frame;
        if (typeof frame.tag === 'string' && Number.isSafeInteger(frame.step) && basename(frame.file) === frame.file)
          return frame;
      } catch {
        // told below
      }
      throw errors.framesInvalid(index);
    });
    return new Frames(new DiskFolder(path), list);
  }

  /** The frames, the last one of each tag and step, in the order of steps. */
  get all(): readonly Frame[] {
    const last = new Map(this.list.map((frame) => [`${frame.step} ${frame.tag}`, frame]));
    return [...last.values()].sort((a, b) => a.step - b.step);
  }

  async add(pictures: readonly ExplainedPicture[], checkpoint: string): Promise<void> {
    for (const one of pictures) {
      const { step, tag, explanation, overlay, scalars } = one;
      const file = `${String(step).padStart(6, '0')}-${this.list.length}`;
      const { width, height } = fitInside(overlay, PICTURE, PICTURE);
      await this.folder.write(`${file}.png`, await encodePng(scaleTo(overlay as Picture, width, height)));
      const size = fitInside(explanation.map, MAP, MAP);
      const map = resizeMap(explanation.map, size.width, size.height);
      await this.folder.write(`${file}.npy`, encodeNpy({ dims: [map.height, map.width], data: map.data }));
      const frame: Frame = {
        step,
        tag,
        checkpoint,
        target: explanation.target.text,
        score: explanation.target.value,
        ...(scalars.probability === undefined ? {} : { probability: scalars.probability }),
        file,
      };
      await this.folder.append('frames.jsonl', Buffer.from(`${JSON.stringify(frame)}\n`));
      this.list.push(frame);
    }
  }

  async png(frame: Frame): Promise<Uint8Array> {
    return this.folder.read(`${frame.file}.png`);
  }

  async picture(frame: Frame): Promise<Picture> {
    return decodePicture(await this.png(frame), { name: frame.file });
  }

  async map(frame: Frame): Promise<Float32Array> {
    const name = `${frame.file}.npy`;
    return npyToFloat32(decodeNpy(await this.folder.read(name), join(dirname(this.folder.name), name)));
  }
}
