import { extname, join } from 'node:path';
import { systemCode } from '../errors.ts';
import { fileName, makeFolder, writeAtomically } from '../output-files.ts';
import { encodePng } from '../picture/encode-png.ts';
import type { Grid } from './picture-grid.ts';
import { tfExplainErrors } from './tf-explain-errors.ts';

/** How `save` treats a file that is there already. */
export interface SaveOptions {
  /** Replace a file of that name; default: an error. */
  readonly force?: boolean;
}

/**
 * Writes a grid as a PNG file; its folder is made where there is none.
 * @param name a plain name; `.png` is added where it has no ending
 * @returns the path
 * @throws OUTPUT_INVALID, OUTPUT_EXISTS, OUTPUT_UNWRITABLE …
 */
export async function saveGrid(
  grid: Grid,
  folder: string,
  name: string,
  { force = false }: SaveOptions = {},
): Promise<string> {
  const ending = extname(name).toLowerCase();
  if (['', '.', '..'].includes(name) || fileName(name) !== name || (ending !== '' && ending !== '.png'))
    throw tfExplainErrors.gridName(name);
  const path = join(folder, ending === '' ? `${name}.png` : name);
  await makeFolder(folder);
  try {
    await writeAtomically(path, await encodePng(grid), force);
  } catch (cause) {
    if (systemCode(cause) === 'EEXIST') throw tfExplainErrors.gridExists(path);
    throw cause;
  }
  return path;
}
