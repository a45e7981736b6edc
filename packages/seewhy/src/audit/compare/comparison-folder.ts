import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../output-files.ts';
import { compareErrors } from './compare-errors.ts';

/** What a comparison writes: only these are ever removed. */
const OWN = ['comparison.json', 'report.html', 'panels'];
const DEFAULT = 'seewhy-comparison';

/**
 * The folder of a comparison: the one asked for, or numbered (`seewhy-comparison-2`) when it holds something. `force` empties an earlier
 * comparison's folder instead.
 * @throws SeewhyError `OUTPUT_EXISTS` when forced on a folder of something else, `OUTPUT_UNWRITABLE`
 */
export async function comparisonFolder(out: string | undefined, force: boolean): Promise<string> {
  const asked = (out ?? DEFAULT).replace(/(?<=.)[\\/]+$/, '');
  for (let number = 1; ; number++) {
    const path = number === 1 ? asked : `${asked}-${number}`;
    const inside = await readdir(path).catch(() => [] as string[]);
    if (inside.length > 0 && !force) continue;
    if (inside.length > 0 && !inside.every((name) => OWN.includes(name))) throw compareErrors.folderTaken(path);
    for (const name of OWN) await rm(join(path, name), { recursive: true, force: true });
    await makeFolder(path);
    return path;
  }
}
