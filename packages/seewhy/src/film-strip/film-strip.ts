import { contactSheet, type Raster } from '@seewhy/core';
import { encodeAnimation } from '../picture/encode-animation.ts';
import type { Frame, Frames } from './frames.ts';
import { rankCorrelation } from './rank-correlation.ts';

/** More steps than this are thinned out, evenly: the first and the last stay. */
export const MOST_FRAMES = 60;
/** Milliseconds of a frame of the animation. */
const DELAY = 500;

/** A tag's frames, each with how much it is like the one before. */
export interface Strip {
  readonly tag: string;
  readonly frames: readonly (Frame & {
    /** Rank correlation with the map of the step before; undefined for the first, and where a map is flat. */
    readonly like?: number;
  })[];
}

/** The strips of all tags, in the order the tags first appear. */
export async function stripsOf(frames: Frames): Promise<Strip[]> {
  const byTag = new Map<string, Frame[]>();
  for (const frame of frames.all) byTag.set(frame.tag, [...(byTag.get(frame.tag) ?? []), frame]);
  const strips: Strip[] = [];
  for (const [tag, list] of byTag) {
    let before: Float32Array | undefined;
    const compared: (Frame & { like?: number })[] = [];
    for (const frame of list) {
      const map = await frames.map(frame);
      const like = before && before.length === map.length ? rankCorrelation(before, map) : undefined;
      compared.push(like === undefined ? frame : { ...frame, like });
      before = map;
    }
    strips.push({ tag, frames: compared });
  }
  return strips;
}

/** The film strip as one HTML file without scripts and without anything from outside. */
export async function filmStripPage(strips: readonly Strip[], frames: Frames, title: string): Promise<string> {
  const sections: string[] = [];
  for (const { tag, frames: list } of strips) {
    const shown = thinned(list);
    const figures: string[] = [];
    for (const frame of shown) {
      const png = Buffer.from(await frames.png(frame)).toString('base64');
      const share = frame.probability === undefined ? '' : ` ${(frame.probability * 100).toFixed(1)} %`;
      const like = frame.like === undefined ? '–' : frame.like.toFixed(3);
      const alt = `Step ${frame.step}, ${tag}: explains ${frame.target}${share}`;
      figures.push(
        `<figure><img alt="${text(alt)}" title="${text(frame.checkpoint)}" src="data:image/png;base64,${png}">` +
          `<figcaption><b>${frame.step}</b> ${text(frame.target)}${share}<br><span>like the one before: ${like}</span></figcaption></figure>`,
      );
    }
    const left = list.length > shown.length ? `<p>${shown.length} of ${list.length} steps are shown.</p>` : '';
    sections.push(
      `<section><h2>${text(tag)}</h2>${curve(list)}${left}<div class="strip">${figures.join('\n')}</div></section>`,
    );
  }
  return PAGE.replaceAll('{title}', () => text(title)).replace('{body}', () => sections.join('\n'));
}

/** The film strip as an animated GIF: a frame a step, all tags on it. Undefined where sharp is not installed. */
export async function filmStripAnimation(strips: readonly Strip[], frames: Frames): Promise<Uint8Array | undefined> {
  const steps = [...new Set(strips.flatMap(({ frames: list }) => list.map(({ step }) => step)))].sort((a, b) => a - b);
  const pictures: (Raster & { channels: 3 })[] = [];
  for (const step of thinned(steps)) {
    const items = [];
    for (const { tag, frames: list } of strips) {
      const frame = list.filter((one) => one.step <= step).at(-1);
      if (!frame) continue;
      const share = frame.probability === undefined ? '' : `  ${(frame.probability * 100).toFixed(0)} %`;
      items.push({ image: await frames.picture(frame), lines: [`${frame.target}${share}`, tag] });
    }
    pictures.push(contactSheet(items, { title: `Step ${step}`, tile: 160 }));
  }
  return encodeAnimation(pictures, DELAY);
}

function thinned<T>(list: readonly T[]): T[] {
  if (list.length <= MOST_FRAMES) return [...list];
  return Array.from({ length: MOST_FRAMES }, (_, n) => list[Math.round((n * (list.length - 1)) / (MOST_FRAMES - 1))]!);
}

const WIDTH = 640;
const HEIGHT = 96;

/** The rank correlation over the steps, from −1 to 1. */
function curve(list: Strip['frames']): string {
  const known = list.filter((frame) => frame.like !== undefined);
  if (known.length < 2) return '';
  const [first, last] = [list[0]!.step, list.at(-1)!.step];
  const x = (step: number) => (((step - first) / (last - first)) * WIDTH).toFixed(1);
  const y = (like: number) => (((1 - like) / 2) * HEIGHT).toFixed(1);
  const points = known.map(({ step, like }) => `${x(step)},${y(like!)}`).join(' ');
  const mean = known.reduce((sum, { like }) => sum + like!, 0) / known.length;
  const label = `Rank correlation of each map with the one before, from 1 (above) to −1: ${mean.toFixed(3)} on average`;
  return (
    `<svg role="img" aria-label="${label}" viewBox="-4 -4 ${WIDTH + 8} ${HEIGHT + 8}"><title>${label}</title>` +
    `<path d="M0 ${HEIGHT / 2}H${WIDTH}" class="zero"/><polyline points="${points}"/></svg>` +
    `<p>${label}.</p>`
  );
}

const MARKS: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const text = (plain: string) => plain.replace(/[&<>"']/g, (mark) => MARKS[mark]!);

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif; }
body { max-width: 1200px; margin: 2rem auto; padding: 0 1rem; }
.strip { display: flex; flex-wrap: wrap; gap: 12px; }
figure { margin: 0; width: 164px; }
img { display: block; max-width: 160px; image-rendering: auto; }
figcaption { font-size: 13px; overflow-wrap: anywhere; }
figcaption span { opacity: 0.75; }
svg { width: 100%; max-width: 648px; height: 104px; }
polyline { fill: none; stroke: currentColor; stroke-width: 2; }
.zero { stroke: currentColor; opacity: 0.3; }
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
`;
