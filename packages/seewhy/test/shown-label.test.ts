import { describe, expect, it } from 'vitest';
import { shownLabel } from '../src/shown-label.ts';

describe('a label on a picture', () => {
  it('stands as it is where the font has its letters', () => {
    for (const label of ['tabby, tabby cat', 'Größe', 'кошка', 'γάτα', 'class 285'])
      expect(shownLabel(label, 285)).toBe(label);
  });

  it('has the number of its class in front where some letters would be boxes', () => {
    for (const label of ['埃及猫', 'قطة', '🐈 cat']) expect(shownLabel(label, 285)).toBe(`285 ${label}`);
  });
});
