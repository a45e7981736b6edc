import { type Model, type Target, targetText } from '@seewhy/core';

/** Names of a method's results: `gradcam/cat`, with several targets `gradcam/cat/tabby`. Of two that are alike the second is numbered. */
export class Tags {
  private readonly used = new Map<string, number>();
  private readonly series: readonly string[];

  /** @param series stands before all of them: `best/gradcam/cat` */
  constructor(series?: string) {
    this.series = series === undefined ? [] : [series];
  }

  /** Called once for each method, picture and target of a step, in the same order at every step. */
  next(method: string, picture: string, target?: string): string {
    const tag = [...this.series, method, picture, ...(target === undefined ? [] : [target])].join('/');
    const count = (this.used.get(tag) ?? 0) + 1;
    this.used.set(tag, count);
    return count === 1 ? tag : `${tag} ${count}`;
  }
}

/** A target as a part of a tag: what was asked for, whatever class that is at a step. */
export function targetTag(target: Target, model: Model): string {
  if (target.kind === 'top') return target.rank === 0 ? 'top' : `top ${target.rank + 1}`;
  return targetText(target, model.output, model.labels);
}
