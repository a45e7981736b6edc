import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const peersFolder = process.env.SEEWHY_PEERS || join(homedir(), '.cache', 'seewhy');
/** Models, pictures and measured values of the benchmark. */
export const cache = process.env.SEEWHY_BENCH || join(homedir(), '.cache', 'seewhy', 'bench');
/** The Python environments of tools/peers. */
export type Environment = 'torch' | 'tensorflow';
export const pythonOf = (environment: Environment) => join(peersFolder, environment, 'bin', 'python');
export const python = pythonOf('torch');

/** Says what is missing and how to get it. */
export function needPeers(environment: Environment): void {
  if (existsSync(join(peersFolder, environment, 'seewhy-stamp'))) return;
  console.error(`The Python peers are missing in ${peersFolder}. Run: tools/peers/install.sh ${environment}`);
  process.exit(2);
}
