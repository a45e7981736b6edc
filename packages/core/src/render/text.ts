import { FONT_TABLES } from './font.generated.ts';
import { type Colour, INK, type Raster } from './raster.ts';

/** `small` 12 px, `text` 15 px, `title` 17 px bold: DejaVu Sans, rasterised when seewhy was built. */
export type FontName = keyof typeof FONT_TABLES;

interface Glyph {
  advance: number;
  left: number;
  /** From the top of the line. */
  top: number;
  width: number;
  height: number;
  /** Where its 4-bit coverage values begin in the table. */
  at: number;
}

interface Font {
  glyphs: Map<number, Glyph>;
  bytes: Uint8Array;
  ascent: number;
  /** Pixels from one line to the next. */
  lineHeight: number;
}

const fonts = new Map<FontName, Font>();

function load(name: FontName): Font {
  const known = fonts.get(name);
  if (known) return known;
  const table = FONT_TABLES[name];
  const bytes = Uint8Array.from(atob(table.glyphs), (character) => character.charCodeAt(0));
  const glyphs = new Map<number, Glyph>();
  const signed = (byte: number) => (byte << 24) >> 24;
  for (let at = 0; at < bytes.length; ) {
    const width = bytes[at + 5]!;
    const height = bytes[at + 6]!;
    const glyph = { advance: bytes[at + 2]!, left: signed(bytes[at + 3]!), top: signed(bytes[at + 4]!), width, height };
    glyphs.set((bytes[at]! << 8) | bytes[at + 1]!, { ...glyph, at: at + 7 });
    at += 7 + Math.ceil((width * height) / 2);
  }
  const font = { glyphs, bytes, ascent: table.ascent, lineHeight: table.ascent + table.descent };
  fonts.set(name, font);
  return font;
}

/** Characters in the form the font holds: composed accents, every white space a space, control characters gone. */
function characters(text: string): string[] {
  const clean = text.normalize('NFC').replace(/\s+/gu, ' ');
  return [...clean.replace(/\p{Cc}|\p{Cf}|\p{Variation_Selector}/gu, '')];
}

/** Width of the box that stands for a character the font does not have. */
const boxAdvance = (font: Font) => Math.round(font.ascent * 0.75);

function advance(font: Font, character: string): number {
  return font.glyphs.get(character.codePointAt(0)!)?.advance ?? boxAdvance(font);
}

/** Whether the font has a letter for every character: what it has not is drawn as a box, and boxes look alike. */
export function isDrawable(text: string, font: FontName = 'text'): boolean {
  const { glyphs } = load(font);
  return characters(text).every((character) => glyphs.has(character.codePointAt(0)!));
}

export function lineHeight(font: FontName): number {
  return load(font).lineHeight;
}

/** Width of a text in one line, in pixels. */
export function textWidth(text: string, font: FontName = 'text'): number {
  const loaded = load(font);
  return characters(text).reduce((sum, character) => sum + advance(loaded, character), 0);
}

/** The text, or as much of its beginning as fits with an ellipsis. `keepEnd` keeps the end instead (for paths). */
export function fitText(text: string, maxWidth: number, font: FontName = 'text', keepEnd = false): string {
  if (textWidth(text, font) <= maxWidth) return text;
  const loaded = load(font);
  const list = characters(text);
  if (keepEnd) list.reverse();
  let left = maxWidth - advance(loaded, '…');
  const kept: string[] = [];
  for (const character of list) {
    left -= advance(loaded, character);
    if (left < 0) break;
    kept.push(character);
  }
  if (keepEnd) return `…${kept.reverse().join('').trimStart()}`;
  return `${kept.join('').trimEnd()}…`;
}

/** Breaks a text into lines at spaces; words that are too long, and what is beyond `maxLines`, get an ellipsis. */
export function wrapText(text: string, maxWidth: number, font: FontName = 'text', maxLines = 100): string[] {
  const lines: string[] = [];
  let line = '';
  const words = text.split(/\s+/u).filter(Boolean);
  for (let i = 0; i < words.length; i++) {
    const longer = line ? `${line} ${words[i]}` : words[i]!;
    if (!line || textWidth(longer, font) <= maxWidth) {
      line = longer;
      continue;
    }
    if (lines.length === maxLines - 1) {
      line = `${line} ${words.slice(i).join(' ')}`;
      break;
    }
    lines.push(line);
    line = words[i]!;
  }
  if (line) lines.push(line);
  return lines.map((each) => fitText(each, maxWidth, font));
}

export interface TextOptions {
  /** Default `text`. */
  font?: FontName;
  /** Default near black. */
  colour?: Colour;
  /** Where `x` is in the text (default left). */
  align?: 'left' | 'centre' | 'right';
  /** Longer texts end in an ellipsis. */
  maxWidth?: number;
  /** The ellipsis goes to the front. */
  keepEnd?: boolean;
}

/**
 * Draws one line of text; `y` is the top of the line. Latin, Greek and Cyrillic letters, punctuation and arrows are
 * there; any other character is drawn as a box. Text is not shaped: right-to-left scripts are not supported.
 * @returns the width drawn
 */
export function drawText(raster: Raster, text: string, x: number, y: number, options: TextOptions = {}): number {
  const { font: name = 'text', colour = INK.text, align = 'left', maxWidth, keepEnd } = options;
  const font = load(name);
  const shown = maxWidth === undefined ? text : fitText(text, maxWidth, name, keepEnd);
  const width = textWidth(shown, name);
  let pen = Math.round(align === 'left' ? x : align === 'right' ? x - width : x - width / 2);
  for (const character of characters(shown)) {
    const glyph = font.glyphs.get(character.codePointAt(0)!);
    if (glyph) drawGlyph(raster, font, glyph, pen, y, colour);
    else drawBox(raster, font, pen, y, colour);
    pen += glyph?.advance ?? boxAdvance(font);
  }
  return width;
}

function drawGlyph(raster: Raster, font: Font, glyph: Glyph, x: number, y: number, colour: Colour): void {
  for (let i = 0; i < glyph.width * glyph.height; i++) {
    const byte = font.bytes[glyph.at + (i >> 1)]!;
    const coverage = (i & 1 ? byte & 15 : byte >> 4) / 15;
    if (coverage === 0) continue;
    mix(raster, x + glyph.left + (i % glyph.width), y + glyph.top + Math.floor(i / glyph.width), colour, coverage);
  }
}

/** An empty box from the height of a capital to the base line. */
function drawBox(raster: Raster, font: Font, x: number, y: number, colour: Colour): void {
  const right = x + boxAdvance(font) - 2;
  const bottom = y + font.ascent - 1;
  const top = y + Math.round(font.ascent * 0.22);
  for (let column = x + 1; column <= right; column++) {
    mix(raster, column, top, colour, 0.6);
    mix(raster, column, bottom, colour, 0.6);
  }
  for (let row = top + 1; row < bottom; row++) {
    mix(raster, x + 1, row, colour, 0.6);
    mix(raster, right, row, colour, 0.6);
  }
}

function mix(raster: Raster, x: number, y: number, colour: Colour, share: number): void {
  if (x < 0 || y < 0 || x >= raster.width || y >= raster.height) return;
  const at = (y * raster.width + x) * raster.channels;
  for (let c = 0; c < 3; c++) {
    raster.data[at + c] = Math.round(raster.data[at + c]! * (1 - share) + colour[c]! * share);
  }
  if (raster.channels === 4) raster.data[at + 3] = Math.max(raster.data[at + 3]!, Math.round(share * 255));
}
