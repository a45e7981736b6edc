import type { FilterNode, FilterTerm, FilterValue } from './filter-node.ts';
import { FILTER_WORDS, JOINING } from './words.ts';

/** Letters that never stand bare; `*` does only where it is a wildcard. */
const SIGNS = '()<>=:!,"\'\\*';

function isBare(text: string, wild: boolean): boolean {
  if (text === '' || text.includes('..')) return false;
  for (const letter of text)
    if (letter.trim() === '' || (SIGNS.includes(letter) && !(wild && letter === '*'))) return false;
  return true;
}

/** A name in quotes, which any text can stand in. */
export function quoted(text: string): string {
  let inside = '';
  for (const letter of text) inside += letter === '"' || letter === '\\' ? `\\${letter}` : letter;
  return `"${inside}"`;
}

/** A value as it is to be written: bare where that reads back as the same, else in quotes. */
export const valueText = (text: string): string => (isBare(text, false) ? text : quoted(text));

/** A field's name or letters to look for: joining words, words of their own and a leading minus sign need quotes. */
export function nameText(text: string): string {
  const word = text.toLowerCase();
  const reserved = JOINING.has(word) || Object.hasOwn(FILTER_WORDS, word) || text.startsWith('-');
  return reserved || !isBare(text, false) ? quoted(text) : text;
}

function formatValue(value: FilterValue): string {
  if (value.kind === 'range') return `${value.low ?? ''}..${value.high ?? ''}`;
  return value.wild ? value.text : valueText(value.text);
}

function formatTerm({ field, argument, operator, values }: FilterTerm): string {
  const name = argument === undefined ? nameText(field) : `${field}(${quoted(argument)})`;
  const value = values.map(formatValue).join(',');
  // `<` before a value that begins with `=` would read as `<=`.
  return `${name}${operator}${(operator === '<' || operator === '>') && value.startsWith('=') ? ' ' : ''}${value}`;
}

/**
 * The text of a filter: reading it gives the same tree. Conditions side by side mean all of them, `or` binds weaker, a minus sign negates.
 */
export function formatFilter(node: FilterNode): string {
  switch (node.kind) {
    case 'everything':
      return '';
    case 'and':
      return node.parts.map((part) => (part.kind === 'or' ? `(${formatFilter(part)})` : formatFilter(part))).join(' ');
    case 'or':
      return node.parts.map(formatFilter).join(' or ');
    case 'not': {
      const { part } = node;
      const alone = part.kind === 'term' || part.kind === 'text' || part.kind === 'word';
      return alone ? `-${formatFilter(part)}` : `-(${formatFilter(part)})`;
    }
    case 'text':
      return node.wild ? node.text : nameText(node.text);
    case 'word':
      return node.word;
    case 'term':
      return formatTerm(node);
  }
}
