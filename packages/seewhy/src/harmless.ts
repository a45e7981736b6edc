/** What a terminal obeys instead of showing: controls other than tab and line end, and marks that turn the direction of reading. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** A colour as `talk.ts` writes it: bold, dim, a foreground, and back. */
const COLOUR = /^\[(?:0|1|2|22|3[0-79]|9[0-7])m/;

/**
 * A text for a terminal: names of files, labels and layers may hold what would move its cursor, rename its window or hide a line. Such
 * characters are written as escapes, `\u001b`, which JSON reads back as what they were.
 * @param coloured leaves the command's own colours as they are
 */
export function harmless(text: string, coloured: boolean): string {
  return text.replace(OBEYED, (character, at: number) =>
    coloured && character === '\u001b' && COLOUR.test(text.slice(at + 1, at + 6))
      ? character
      : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
