import {
  allOf,
  anyOf,
  EVERYTHING,
  type FilterNode,
  type FilterOperator,
  type FilterTerm,
  type FilterValue,
} from './filter-node.ts';
import { readNumber } from './read-number.ts';
import { DEEPEST_FILTER, FILTER_WORDS, JOINING, LONGEST_FILTER, WITH_ARGUMENT } from './words.ts';

/** A place in the filter's text. */
export interface Span {
  readonly at: number;
  readonly length: number;
}

/** Something in a filter that is not right. */
export interface FilterProblem extends Span {
  /** `error`: this part is left out of the filter. `warning`: it is understood, but finds nothing. */
  readonly severity: 'error' | 'warning';
  /** One sentence. */
  readonly message: string;
  /** What may have been meant, the likeliest first. */
  readonly nearest: readonly string[];
}

/** Where a term's parts stand: for problems found later, and for completion. */
export interface TermSpans {
  readonly field: Span;
  readonly argument?: Span;
  readonly values: readonly Span[];
}

export interface ParsedText {
  readonly node: FilterNode;
  readonly problems: readonly FilterProblem[];
  readonly spans: ReadonlyMap<FilterNode, TermSpans>;
}

/**
 * Reads the text of a filter:
 *
 *     filter  = either {"or" either}
 *     either  = part {["and"] part}
 *     part    = ("not" | "-" | "!") part | "(" filter ")" | term | word | text
 *     term    = field operator value {"," value}
 *     field   = name | "score(" class ")" | "column(" name ")"
 *     value   = name | number ".." number
 *
 * Names with spaces or signs stand in quotes, single or double, in which a backslash takes the next sign as it is. One pass from left to
 * right; whatever the text, it ends and does not throw.
 */
export function parseText(text: string): ParsedText {
  if (text.length > LONGEST_FILTER) {
    const message = `The filter has ${text.length} letters; at most ${LONGEST_FILTER} are read.`;
    return {
      node: EVERYTHING,
      problems: [{ severity: 'error', at: LONGEST_FILTER, length: text.length - LONGEST_FILTER, message, nearest: [] }],
      spans: new Map(),
    };
  }
  const reader = new Reader(text);
  const node = reader.whole();
  return { node, problems: reader.problems, spans: reader.spans };
}

const isSpace = (letter: string) => letter.trim() === '';
const isQuote = (letter: string | undefined) => letter === '"' || letter === "'";

interface Name extends Span {
  readonly text: string;
  readonly quoted: boolean;
}

class Reader {
  readonly problems: FilterProblem[] = [];
  readonly spans = new Map<FilterNode, TermSpans>();
  #at = 0;
  #depth = 0;

  constructor(readonly text: string) {}

  whole(): FilterNode {
    const parts = [this.#filter()];
    while (this.#at < this.text.length) {
      this.#problem(this.#at, 1, 'This parenthesis closes nothing.');
      this.#at++;
      parts.push(this.#filter());
    }
    return allOf(parts);
  }

  #problem(at: number, length: number, message: string): void {
    this.problems.push({ severity: 'error', at, length, message, nearest: [] });
  }

  #skipSpace(): void {
    while (this.#at < this.text.length && isSpace(this.text[this.#at]!)) this.#at++;
  }

  /** A joining word at this place, without moving. */
  #joining(): string | undefined {
    this.#skipSpace();
    let end = this.#at;
    while (end < this.text.length && end - this.#at < 4 && !isSpace(this.text[end]!) && !'()'.includes(this.text[end]!))
      end++;
    const word = this.text.slice(this.#at, end).toLowerCase();
    return JOINING.has(word) ? word : undefined;
  }

  #filter(): FilterNode {
    const either: FilterNode[] = [this.#either()];
    while (this.#joining() === 'or') {
      const at = this.#at;
      this.#at += 2;
      const next = this.#either();
      if (either[either.length - 1] === EVERYTHING || next === EVERYTHING)
        this.#problem(at, 2, "'or' needs a condition on both sides.");
      either.push(next);
    }
    return anyOf(either);
  }

  #either(): FilterNode {
    const parts: FilterNode[] = [];
    for (;;) {
      const word = this.#joining();
      if (word === 'or' || this.#at >= this.text.length || this.text[this.#at] === ')') return allOf(parts);
      if (word === 'and') {
        const at = this.#at;
        this.#at += 3;
        const next = this.#joining();
        if (
          parts.length === 0 ||
          next === 'or' ||
          next === 'and' ||
          this.#at >= this.text.length ||
          this.text[this.#at] === ')'
        )
          this.#problem(at, 3, "'and' needs a condition on both sides.");
        continue;
      }
      parts.push(this.#part());
    }
  }

  #part(): FilterNode {
    // Negations in a row are counted, not nested: ten thousand of them are no deeper than two.
    const start = this.#at;
    let negations = 0;
    for (;;) {
      if (this.#joining() === 'not') this.#at += 3;
      else if (this.text[this.#at] === '-' || this.text[this.#at] === '!') this.#at++;
      else break;
      negations++;
    }
    const end = this.#at >= this.text.length || this.text[this.#at] === ')' || this.#joining() !== undefined;
    if (negations > 0 && end) {
      this.#problem(start, this.#at - start, 'There is no condition to negate.');
      return EVERYTHING;
    }
    const part = this.text[this.#at] === '(' ? this.#group() : this.#condition();
    return negations % 2 === 1 && part !== EVERYTHING ? { kind: 'not', part } : part;
  }

  #group(): FilterNode {
    const at = this.#at++;
    if (this.#depth === DEEPEST_FILTER) {
      this.#problem(at, this.text.length - at, `Parentheses are nested deeper than ${DEEPEST_FILTER}.`);
      this.#at = this.text.length;
      return EVERYTHING;
    }
    this.#depth++;
    const node = this.#filter();
    this.#depth--;
    if (this.text[this.#at] === ')') this.#at++;
    else this.#problem(at, 1, 'This parenthesis is not closed.');
    return node;
  }

  #condition(): FilterNode {
    const name = this.#name(FIELD_ENDS);
    const argument = this.#argument(name);
    const end = this.#at;
    const operator = this.#operator();
    if (operator === undefined) {
      if (argument) {
        this.#problem(name.at, end - name.at, `'${name.text}(…)' needs a comparison, as in ${name.text}(…) > 0.5.`);
        return EVERYTHING;
      }
      if (name.text === '') {
        // A quote with nothing in it, or a sign that begins nothing.
        if (!name.quoted) this.#at++;
        this.#problem(name.at, Math.max(1, this.#at - name.at), 'There is nothing here to look for.');
        return EVERYTHING;
      }
      const word = name.text.toLowerCase();
      if (!name.quoted && Object.hasOwn(FILTER_WORDS, word)) return { kind: 'word', word };
      return { kind: 'text', text: name.text, wild: !name.quoted && name.text.includes('*') };
    }
    const { values, spans } = this.#values();
    if (name.text === '') {
      this.#problem(name.at, Math.max(1, this.#at - name.at), 'A field is missing before the comparison.');
      return EVERYTHING;
    }
    if (values.length === 0) {
      this.#problem(name.at, this.#at - name.at, `A value is missing after '${name.text}'.`);
      return EVERYTHING;
    }
    const term: FilterTerm = {
      kind: 'term',
      field: name.text,
      ...(argument && { argument: argument.text }),
      operator,
      values,
    };
    this.spans.set(term, { field: name, ...(argument && { argument }), values: spans });
    return term;
  }

  #argument(name: Name): Name | undefined {
    if (name.quoted || this.text[this.#at] !== '(' || !WITH_ARGUMENT.has(name.text.toLowerCase())) return undefined;
    const open = this.#at++;
    this.#skipSpace();
    const argument = this.#name(ARGUMENT_ENDS);
    this.#skipSpace();
    if (this.text[this.#at] === ')') this.#at++;
    else this.#problem(open, 1, 'This parenthesis is not closed.');
    return argument.quoted ? argument : { ...argument, text: argument.text.trimEnd() };
  }

  /** The operator after optional space; `:>` is `>`. Without one, nothing is skipped. */
  #operator(): FilterOperator | undefined {
    const start = this.#at;
    this.#skipSpace();
    const first = this.#sign();
    if (first === undefined) {
      this.#at = start;
      return undefined;
    }
    if (first !== ':') return first;
    this.#skipSpace();
    return this.text[this.#at] === ':' ? first : (this.#sign() ?? first);
  }

  #sign(): FilterOperator | undefined {
    const found = OPERATORS.find((operator) => this.text.startsWith(operator, this.#at));
    if (found) this.#at += found.length;
    return found;
  }

  #values(): { values: FilterValue[]; spans: Span[] } {
    const values: FilterValue[] = [];
    const spans: Span[] = [];
    for (;;) {
      this.#skipSpace();
      const name = this.#name(VALUE_ENDS);
      if (name.text !== '' || name.quoted) {
        values.push(readValue(name));
        spans.push({ at: name.at, length: name.length });
      }
      if (this.text[this.#at] !== ',') return { values, spans };
      this.#at++;
    }
  }

  /** A quoted name, or letters up to one of the `ends`. */
  #name(ends: (text: string, at: number) => boolean): Name {
    const at = this.#at;
    const quote = this.text[at];
    if (isQuote(quote)) {
      let text = '';
      let i = at + 1;
      while (i < this.text.length && this.text[i] !== quote) {
        if (this.text[i] === '\\' && i + 1 < this.text.length) i++;
        text += this.text[i++]!;
      }
      if (i >= this.text.length) this.#problem(at, 1, 'This quotation mark is not closed.');
      this.#at = Math.min(this.text.length, i + 1);
      return { text, quoted: true, at, length: this.#at - at };
    }
    let i = at;
    while (i < this.text.length && !ends(this.text, i)) i++;
    this.#at = i;
    return { text: this.text.slice(at, i), quoted: false, at, length: i - at };
  }
}

export const OPERATORS: readonly FilterOperator[] = ['!=', '<=', '>=', ':', '=', '<', '>'];

const FIELD_ENDS = (text: string, at: number) => {
  const letter = text[at]!;
  return isSpace(letter) || '():<>='.includes(letter) || (letter === '!' && text[at + 1] === '=');
};
const VALUE_ENDS = (text: string, at: number) => isSpace(text[at]!) || '(),'.includes(text[at]!);
const ARGUMENT_ENDS = (text: string, at: number) => text[at] === ')';

function readValue(name: Name): FilterValue {
  if (name.quoted) return { kind: 'text', text: name.text, wild: false };
  return rangeOf(name.text) ?? { kind: 'text', text: name.text, wild: name.text.includes('*') };
}

/** `0.2..0.4`, `..0.4`, `0.2..`; undefined for anything else. */
function rangeOf(text: string): FilterValue | undefined {
  const dots = text.indexOf('..');
  if (dots < 0) return undefined;
  const [left, right] = [text.slice(0, dots), text.slice(dots + 2)];
  const [low, high] = [readNumber(left), readNumber(right)];
  if ((left !== '' && low === undefined) || (right !== '' && high === undefined)) return undefined;
  if (low === undefined && high === undefined) return undefined;
  return { kind: 'range', ...(low !== undefined && { low }), ...(high !== undefined && { high }) };
}
