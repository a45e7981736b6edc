import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where models that are too large for the repository lie. */
export function kerasFolder(): string {
  return process.env.SEEWHY_KERAS ?? join(homedir(), '.cache', 'seewhy', 'keras');
}
