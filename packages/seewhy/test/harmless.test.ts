import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { harmless } from '../src/harmless.ts';

describe('what is written to a terminal', () => {
  it.each([
    ['the title of the window', 'cat\u001b]0;owned\u0007', 'cat\\u001b]0;owned\\u0007'],
    ['a wiped line', 'cat\r\u001b[2Kdog', 'cat\\u000d\\u001b[2Kdog'],
    ['hidden text', '\u001b[8mcat', '\\u001b[8mcat'],
    ['the other introducer', '\u009b2Jcat', '\\u009b2Jcat'],
    ['turned reading', 'cat\u202egnp.exe', 'cat\\u202egnp.exe'],
  ])('%s is shown, not obeyed', (_, text, shown) => {
    expect(harmless(text, true)).toBe(shown);
  });

  it('keeps lines, tabs, letters of all languages and its own colours', () => {
    const text = '\u001b[1m\u001b[31merror\u001b[39m\u001b[22m\tcâble\nשלום 猫 🐈‍⬛';
    expect(harmless(text, true)).toBe(text);
    expect(harmless('\u001b[31mred', false)).toBe('\\u001b[31mred');
  });

  it('leaves JSON what it was', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0x2100)), fc.boolean(), (codes, coloured) => {
        const text = String.fromCharCode(...codes);
        expect(JSON.parse(harmless(JSON.stringify(text), coloured))).toBe(text);
      }),
    );
  });
});
