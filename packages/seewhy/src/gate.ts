import { errors } from './errors.ts';

/**
 * `--fail-on EXPR`: a condition over the fields of a result, such as `probability < 0.5` or `not flat and label in ['cat', 'dog']`.
 *
 * Grammar (no code is ever evaluated):
 * ```
 * or      = and { ('or' | '||') and }
 * and     = not { ('and' | '&&') not }
 * not     = ('not' | '!') not | compare
 * compare = value [ ('==' | '=' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'contains') value ]
 * value   = number | string | true | false | null | [ value, … ] | path | call | ( or )
 * path    = name { '.' name | '[' integer ']' }
 * call    = name '(' [ word { ',' word } ] ')'      word = name | string | number
 * ```
 */
export interface Gate {
  readonly text: string;
  /** The fields it looks at: names that begin a path, and what calls were read as. */
  readonly reads: readonly string[];
  /** True when the result fails the gate. `fields` is the JSON record with the short names of `GATE_FIELDS` added. */
  fails(fields: Readonly<Record<string, unknown>>): boolean;
}

type Evaluate = (fields: Readonly<Record<string, unknown>>) => unknown;
interface Token {
  kind: 'number' | 'string' | 'name' | 'sign' | 'end';
  text: string;
  at: number;
}

const SIGNS = ['&&', '||', '==', '!=', '<=', '>=', '<', '>', '=', '!', '(', ')', '[', ']', ',', '.', '-'];
const COMPARISONS: Readonly<Record<string, (a: unknown, b: unknown) => boolean>> = {
  '==': same,
  '=': same,
  '!=': (a, b) => !same(a, b),
  '<': (a, b) => ordered(a, b) && (a as number) < (b as number),
  '<=': (a, b) => ordered(a, b) && (a as number) <= (b as number),
  '>': (a, b) => ordered(a, b) && (a as number) > (b as number),
  '>=': (a, b) => ordered(a, b) && (a as number) >= (b as number),
  in: (a, b) => (Array.isArray(b) ? b.some((item) => same(a, item)) : typeof b === 'string' && b.includes(String(a))),
  contains: (a, b) =>
    Array.isArray(a) ? a.some((item) => same(item, b)) : typeof a === 'string' && a.includes(String(b)),
};

/** Numbers and numeric texts (cells of a manifest) compare by value. */
function same(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'string' && b.trim() !== '') return a === Number(b);
  if (typeof a === 'string' && typeof b === 'number' && a.trim() !== '') return Number(a) === b;
  return (a ?? null) === (b ?? null);
}

const ordered = (a: unknown, b: unknown) =>
  (typeof a === 'number' && typeof b === 'number') || (typeof a === 'string' && typeof b === 'string');

function tokens(text: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const space = /^\s+/.exec(rest)?.[0];
    if (space) {
      at += space.length;
      continue;
    }
    const number = /^(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?%?/.exec(rest)?.[0];
    const name = /^[\p{L}_][\p{L}\p{N}_-]*/u.exec(rest)?.[0];
    const string = /^'((?:[^'\\]|\\.)*)'|^"((?:[^"\\]|\\.)*)"/.exec(rest);
    const sign = SIGNS.find((candidate) => rest.startsWith(candidate));
    if (number) found.push({ kind: 'number', text: number, at });
    else if (name) found.push({ kind: 'name', text: name, at });
    else if (string) found.push({ kind: 'string', text: (string[1] ?? string[2] ?? '').replace(/\\(.)/g, '$1'), at });
    else if (sign) found.push({ kind: 'sign', text: sign, at });
    else
      throw errors.gateSyntax(
        text,
        at,
        `unexpected '${rest[0]}'`,
        'Texts stand in quotes; write for example: probability < 0.5 and label != "cat"',
      );
    at += (number ?? name ?? string?.[0] ?? sign)!.length;
  }
  found.push({ kind: 'end', text: 'the end', at: text.length });
  return found;
}

/** What names mean where they are not the fields of a record. */
export interface GateNames {
  /** The field that a call such as `mass_inside(gradcam)` means; throws where it means none. Without it nothing can be called. */
  readonly call?: (name: string, words: readonly string[]) => string;
  /** All fields are numbers: a text among the values would never hold, and is refused. */
  readonly numbersOnly?: boolean;
  /** The error for a name that is no field. */
  readonly unknown?: (name: string) => Error;
}

/** Reads an expression; throws `GATE_INVALID` naming the place and, for an unknown field, the nearest ones. */
export function parseGate(
  text: string,
  fields: readonly string[],
  { call, numbersOnly, unknown }: GateNames = {},
): Gate {
  const list = tokens(text);
  const reads = new Set<string>();
  let next = 0;
  const peek = () => list[next]!;
  const is = (...texts: string[]) => (peek().kind === 'sign' || peek().kind === 'name') && texts.includes(peek().text);
  const take = (...texts: string[]) => (is(...texts) ? list[next++]! : undefined);
  const fail = (wanted: string): never => {
    throw errors.gateSyntax(
      text,
      peek().at,
      `found ${peek().kind === 'end' ? 'the end' : `'${peek().text}'`} where ${wanted} belongs`,
      'Example: probability < 0.5 or flat',
    );
  };
  const truthy = (value: unknown) =>
    value !== undefined && value !== null && value !== false && value !== 0 && value !== '';

  const words = (): string[] => {
    const found: string[] = [];
    while (!is(')')) {
      const { kind, text: word } = peek();
      if (kind !== 'name' && kind !== 'string' && kind !== 'number') fail('a name');
      found.push(word);
      next++;
      if (!take(',')) break;
    }
    if (!take(')')) fail("')'");
    return found;
  };

  const value = (): Evaluate => {
    const token = peek();
    if (take('(')) {
      const inner = or();
      if (!take(')')) fail("')'");
      return inner;
    }
    if (take('[')) {
      const items: Evaluate[] = [];
      while (!is(']')) {
        items.push(value());
        if (!take(',')) break;
      }
      if (!take(']')) fail("']'");
      return (record) => items.map((item) => item(record));
    }
    if (take('-')) {
      const inner = value();
      return (record) => -Number(inner(record));
    }
    if (token.kind === 'number') {
      next++;
      const number = token.text.endsWith('%') ? Number(token.text.slice(0, -1)) / 100 : Number(token.text);
      return () => number;
    }
    if (token.kind === 'string') {
      if (numbersOnly) fail('a figure or a number (without quotes)');
      next++;
      return () => token.text;
    }
    if (token.kind !== 'name') return fail('a field, a number or a text');
    next++;
    if (token.text === 'true' || token.text === 'false') return () => token.text === 'true';
    if (token.text === 'null') return () => null;
    if (call && take('(')) {
      const field = call(token.text, words());
      reads.add(field);
      return (record) => walk(record, [field]);
    }
    if (!fields.includes(token.text)) throw unknown?.(token.text) ?? errors.gateField(token.text, fields);
    reads.add(token.text);
    const path: (string | number)[] = [token.text];
    for (;;) {
      if (take('.')) {
        if (peek().kind !== 'name') fail('the name of a field');
        path.push(list[next++]!.text);
      } else if (take('[')) {
        if (peek().kind !== 'number') fail('a number');
        path.push(Number(list[next++]!.text));
        if (!take(']')) fail("']'");
      } else break;
    }
    return (record) => walk(record, path);
  };

  const compare = (): Evaluate => {
    const left = value();
    const sign = take(...Object.keys(COMPARISONS));
    if (!sign) return left;
    const right = value();
    const test = COMPARISONS[sign.text]!;
    return (record) => test(left(record), right(record));
  };
  const not = (): Evaluate => {
    if (!take('not', '!')) return compare();
    const inner = not();
    return (record) => !truthy(inner(record));
  };
  const and = (): Evaluate => {
    let left = not();
    while (take('and', '&&')) {
      const [a, b] = [left, not()];
      left = (record) => truthy(a(record)) && truthy(b(record));
    }
    return left;
  };
  const or = (): Evaluate => {
    let left = and();
    while (take('or', '||')) {
      const [a, b] = [left, and()];
      left = (record) => truthy(a(record)) || truthy(b(record));
    }
    return left;
  };

  if (peek().kind === 'end') fail('a condition');
  const evaluate = or();
  if (peek().kind !== 'end') fail("'and', 'or' or the end");
  return { text, reads: [...reads], fails: (record) => truthy(evaluate(record)) };
}

function walk(record: Readonly<Record<string, unknown>>, path: readonly (string | number)[]): unknown {
  let here: unknown = record;
  for (const [depth, step] of path.entries()) {
    if (here === null || here === undefined) return undefined;
    if (typeof here !== 'object') return undefined;
    if (typeof step === 'string' && !Array.isArray(here) && !Object.hasOwn(here, step)) {
      // An optional field (a cell of a manifest, `against`) may be absent; a misspelt one in a filled object is an error.
      const names = Object.keys(here);
      if (depth > 0 && path[0] !== 'fields' && path[0] !== 'source' && names.length > 0 && !OPTIONAL.has(step))
        throw errors.gateField(step, names);
      return undefined;
    }
    here = (here as Record<string | number, unknown>)[step];
  }
  return here;
}

const OPTIONAL = new Set(['against', 'classes', 'fields', 'warning', 'crop']);
