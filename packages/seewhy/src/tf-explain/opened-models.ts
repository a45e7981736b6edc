import { stat } from 'node:fs/promises';
import type { Model, Preprocess } from '@seewhy/core';
import { type LoadOptions, type OpenedModel, openModel } from '../open-model.ts';

/** A model file, what `openModel` gave, or a model of `Model.load`. */
export type ModelSource = string | OpenedModel | Model;

/** A model, and how decoded pictures become its input where that is known. */
export interface ReadyModel {
  readonly model: Model;
  readonly preprocess: Preprocess | undefined;
  readonly keras?: OpenedModel['keras'];
}

interface Kept {
  readonly stamp: string;
  readonly opened: Promise<OpenedModel>;
}

/** Model files that are open: each is read again only when it has changed (a checkpoint that was written over). */
export class OpenedModels {
  private readonly load: LoadOptions;
  private readonly kept = new Map<string, Kept>();

  constructor(load: LoadOptions) {
    this.load = load;
  }

  /**
   * @param size height and width of the pictures, for a model whose file leaves them free
   * @param dropped told of a model that gives way to a newer one
   */
  async open(
    source: ModelSource,
    size: readonly [number, number] | undefined,
    dropped: (model: Model) => Promise<void>,
  ): Promise<ReadyModel> {
    if (typeof source !== 'string') return 'model' in source ? source : { model: source, preprocess: undefined };
    const key = `${source}\n${size?.join('x')}`;
    const stamp = await stampOf(source);
    const before = this.kept.get(key);
    if (before?.stamp === stamp) return before.opened;
    const opened = this.read(source, size);
    this.kept.set(key, { stamp, opened });
    opened.catch(() => this.kept.delete(key));
    const old = await before?.opened.catch(() => undefined);
    if (old) await dropped(old.model);
    return opened;
  }

  private async read(path: string, size: readonly [number, number] | undefined): Promise<OpenedModel> {
    const opened = await openModel(path, this.load);
    const { sizeIsFree, height, width } = opened.model.image;
    if (!size || this.load.size || !sizeIsFree || (height === size[0] && width === size[1])) return opened;
    return openModel(path, { ...this.load, size });
  }

  clear(): void {
    this.kept.clear();
  }
}

/** Changes with the file; a file that is not there is for `openModel` to name. */
async function stampOf(path: string): Promise<string> {
  const info = await stat(path).catch(() => undefined);
  return info ? `${info.mtimeMs} ${info.size} ${info.ino}` : '';
}
