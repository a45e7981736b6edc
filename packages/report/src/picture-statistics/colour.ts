import type { Picture } from '@seewhy/core';
import type { AuditRecord } from '../audit-record.ts';

/** Mean brightness (luma 0.299 R + 0.587 G + 0.114 B) and mean of R, G and B, 0..255, to a hundredth. */
export function colourOf({ data }: Pick<Picture, 'data'>): AuditRecord['colour'] {
  let [red, green, blue] = [0, 0, 0];
  for (let i = 0; i < data.length; i += 3) {
    red += data[i]!;
    green += data[i + 1]!;
    blue += data[i + 2]!;
  }
  const pixels = data.length / 3;
  [red, green, blue] = [red / pixels, green / pixels, blue / pixels];
  return [hundredths(0.299 * red + 0.587 * green + 0.114 * blue), hundredths(red), hundredths(green), hundredths(blue)];
}

const hundredths = (value: number): number => Math.round(value * 100) / 100;
