import { expect, it } from 'vitest';
import { labelLines } from '../src/label-lines.ts';

it.each([
  ['plain', 'cat\ndog\n\n', ['cat', 'dog']],
  ['numbered from 0', '0 cat\n1 dog\n', ['cat', 'dog']],
  ['numbered from 1', '1 cat\n2 dog\n', ['cat', 'dog']],
  ['with colons', '0: cat\r\n1: big dog\r\n', ['cat', 'big dog']],
  ['with commas and zeros before', '00, cat\n01, dog', ['cat', 'dog']],
  ['with tabs and a byte order mark', '\uFEFF0\tcat\n1\tdog', ['cat', 'dog']],
  ['one class', '0 cat', ['cat']],
  ['one name that begins with a number', '1 euro', ['1 euro']],
  ['names that begin with numbers', '101 dalmatians\n102 dalmatians', ['101 dalmatians', '102 dalmatians']],
  ['not all numbered', '0 cat\ndog', ['0 cat', 'dog']],
  ['a number missing', '0 cat\n2 dog', ['0 cat', '2 dog']],
  ['out of order', '1 dog\n0 cat', ['1 dog', '0 cat']],
  ['nothing but numbers', '0\n1', ['0', '1']],
  ['numbers that make the difference', '1 euro\n2 euro', ['1 euro', '2 euro']],
  ['a name that comes twice', '0 crane\n1 dog\n2 crane', ['crane', 'dog', 'crane']],
  ['nothing', '\n \n', []],
])('%s', (_, text, names) => expect(labelLines(text)).toEqual(names));
