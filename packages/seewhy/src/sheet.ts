import { type ContactSheetItem, contactSheet, fitInside, type Picture, scaleTo } from '@seewhy/core';
import type { Draw } from './draw.ts';
import { encodePng } from './picture/encode-png.ts';
import { shownLabel } from './shown-label.ts';
import { sure } from './talk.ts';

const TILE = 256;
/** More explanations of one picture than this each get a place of their own. */
const MOST_TOGETHER = 3;

/** The contact sheet: small pictures are kept while the run goes on, drawn together at its end. */
export class Sheet {
  readonly #items: ContactSheetItem[] = [];
  readonly #title: string;

  constructor(title: string) {
    this.#title = title;
  }

  get size(): number {
    return this.#items.length;
  }

  /** Adds one picture with its explanations. */
  add(draws: readonly Draw[], path: string): void {
    const name = path.split(/[\\/]/).at(-1)!;
    const picture = draws[0]!.drawing.picture;
    const groups = draws.length <= MOST_TOGETHER ? [draws] : draws.map((draw) => [draw]);
    for (const group of groups) {
      const { predictions, target } = group[0]!.drawing.explanation;
      const best = predictions[0]!;
      const about = group.map(({ drawing: { explanation } }) => {
        const { index, label, text } = explanation.target;
        const of = index === best.index && text === label ? '' : ` for ${text}`;
        return `${explanation.method}${of}`;
      });
      const own = predictions.find((prediction) => prediction.index === target.index);
      this.#items.push({
        image: [small(picture), ...group.map((draw) => small(draw.overlay as Picture))],
        lines: [
          own ? `${shownLabel(own.label, own.index)}  ${sure(own)}` : target.label,
          [...new Set(about)].join(', '),
          name,
        ],
      });
    }
  }

  /** The PNG. */
  bytes(): Promise<Uint8Array> {
    return encodePng(contactSheet(this.#items, { title: this.#title, tile: TILE }), { compression: 6 });
  }
}

function small(picture: Picture): Picture {
  const { width, height } = fitInside(picture, TILE, TILE);
  return picture.width <= width ? picture : scaleTo(picture, width, height);
}
