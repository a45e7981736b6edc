/**
 * The figures of docs/audit.md, from the folders that its commands write: `npx tsx tools/audit-figures.ts RUN COMPARISON`.
 * Reduced to 256 colours, which makes them a third as large.
 */
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const sharp = createRequire(new URL('../packages/seewhy/package.json', import.meta.url))('sharp');
const folder = fileURLToPath(new URL('../docs/audit/', import.meta.url));
const [run, comparison] = process.argv.slice(2);
if (!run || !comparison) throw new Error('Give the folder of the audit and that of the comparison.');

const FIGURES = [
  [run, 'tp-fn.gradcam.png', 'tp-fn.png'],
  [run, 'patient-P015.gradcam.png', 'patient.png'],
  [comparison, 'flips.png', 'flips.png'],
] as const;

mkdirSync(folder, { recursive: true });
for (const [from, name, to] of FIGURES) {
  const { size } = await sharp(join(from, 'panels', name))
    .png({ palette: true, effort: 9 })
    .toFile(join(folder, to));
  process.stdout.write(`${to} ${size} bytes\n`);
}
