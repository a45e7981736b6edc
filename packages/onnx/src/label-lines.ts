/**
 * Class names out of a text, one a line, as trainers and Teachable Machine write them. Where every line begins with its number, in order
 * from 0 or (two lines or more) from 1, the numbers are taken off: `0 cat`, `0: cat`, `0, cat`. Anything less is part of the names
 * (`101 dalmatians`), and so are numbers with a blank behind them that are the difference between the names (`1 euro`, `2 euro`).
 * @returns the names; an empty list for a text without any
 */
export function labelLines(text: string): string[] {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim());
  while (lines.length > 0 && lines.at(-1) === '') lines.pop();
  return unnumbered(lines, 0) ?? (lines.length > 1 ? unnumbered(lines, 1) : undefined) ?? lines;
}

function unnumbered(lines: readonly string[], first: number): string[] | undefined {
  const names: string[] = [];
  let marked = true;
  for (const [index, line] of lines.entries()) {
    const [, number, mark, name] = /^(\d+)(\s*[:,]\s*|\s+)(\S.*)$/.exec(line) ?? [];
    if (number === undefined || Number(number) !== first + index) return undefined;
    marked &&= mark!.trim() !== '';
    names.push(name!);
  }
  // A class or two may share a name (ImageNet has two cranes); where half of them do, the numbers belong to the names.
  const distinct = new Set(names).size * 2 > names.length;
  return marked || distinct ? names : undefined;
}
