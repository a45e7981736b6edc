import picocolors from 'picocolors';
import { harmless } from './harmless.ts';

/**
 * Talk goes to stderr, results to stdout: stdout stays a clean document for other programs.
 * Colours follow the stream they are written to, `NO_COLOR` and `FORCE_COLOR`.
 */
const wanted = (stream: NodeJS.WriteStream): boolean => {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '0') return true;
  return Boolean(stream.isTTY) && TERM !== 'dumb';
};

/** Colours for text on stdout. */
export const out = picocolors.createColors(wanted(process.stdout));
/** Colours for text on stderr. */
export const err = picocolors.createColors(wanted(process.stderr));

/** Writes a line of results. */
export const print = (text = ''): void => {
  process.stdout.write(`${harmless(text, out.isColorSupported)}\n`);
};

/** Writes a line of talk. */
export const say = (text = ''): void => {
  process.stderr.write(`${harmless(text, err.isColorSupported)}\n`);
};

/** Width of a text as a terminal shows it, without its colours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
export const width = (text: string): number => [...text.replace(/\u001b\[[0-9;]*m/g, '')].length;

/** Lines up columns: each as wide as its widest cell, the last one free. */
export function table(rows: readonly (readonly string[])[], gap = 2, indent = ''): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, width(cell));
  return rows
    .map(
      (row) =>
        indent +
        row
          .map((cell, i) => (i === row.length - 1 ? cell : cell + ' '.repeat(widths[i]! - width(cell) + gap)))
          .join(''),
    )
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Breaks a text into lines of at most `columns` characters. */
export function wrap(text: string, columns: number, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && width(line) + 1 + width(word) > columns - indent.length) {
      lines.push(indent + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(indent + line);
  return lines.join('\n');
}

/** 0.392 → `39.2 %` */
export const percent = (share: number): string =>
  Number.isFinite(share) ? `${(share * 100).toFixed(share >= 0.9995 ? 0 : 1)} %` : '–';

/** What a prediction says: its probability, or the value itself of a regression. */
export const sure = ({ probability, logit }: { probability: number | null; logit: number | null }): string =>
  Number.isFinite(probability ?? Number.NaN) ? percent(probability!) : (logit?.toPrecision(4) ?? '–');

/** 1 picture, 2 pictures */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
