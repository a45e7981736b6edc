import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomStream } from '@seewhy/core';
import { encodePng } from '../../src/picture/encode-png.ts';

/** A row of the drawn set's manifest. */
export interface DrawnRow {
  readonly path: string;
  readonly label: string;
  readonly patient: string;
  readonly site: string;
  readonly age: number;
  readonly mask: string;
}

/** Pictures of noise with a red (malignant) or blue disc, masks of the discs, four pictures a patient. Deterministic. */
export async function drawSet(folder: string, count: number): Promise<DrawnRow[]> {
  mkdirSync(join(folder, 'pictures'), { recursive: true });
  const size = 40;
  const rows: DrawnRow[] = [];
  for (let i = 0; i < count; i++) {
    const random = randomStream(7, 'drawn', i);
    const malignant = i % 3 === 0;
    const [x, y] = [10 + random.uniformInt(20), 10 + random.uniformInt(20)];
    const data = new Uint8Array(size * size * 3);
    const mask = new Uint8Array(size * size * 3);
    for (let at = 0; at < size * size; at++) {
      const inside = ((at % size) - x) ** 2 + (Math.floor(at / size) - y) ** 2 < 64;
      const colour = malignant ? [200, 30, 30] : [30, 30, 200];
      for (let c = 0; c < 3; c++) {
        data[at * 3 + c] = inside ? colour[c]! : random.uniformInt(256);
        mask[at * 3 + c] = inside ? 255 : 0;
      }
    }
    const name = String(i).padStart(3, '0');
    const row = {
      path: `pictures/p${name}.png`,
      label: malignant ? 'malignant' : 'benign',
      patient: `P${Math.floor(i / 4)}`,
      site: i % 2 === 0 ? 'arm' : 'back',
      age: 20 + (i % 50),
      mask: `pictures/m${name}_mask.png`,
    };
    writeFileSync(join(folder, row.path), await encodePng({ width: size, height: size, channels: 3, data }));
    writeFileSync(join(folder, row.mask), await encodePng({ width: size, height: size, channels: 3, data: mask }));
    rows.push(row);
  }
  return rows;
}

/** A manifest of rows, cells quoted. */
export function csvOf(rows: readonly object[]): string {
  const quoted = (cell: unknown) => `"${String(cell).replaceAll('"', '""')}"`;
  const names = Object.keys(rows[0]!);
  return [names.join(','), ...rows.map((row) => Object.values(row).map(quoted).join(','))].join('\n');
}
