import { createHash } from 'node:crypto';
import type { TreeListing } from './file-tree.ts';

/** SHA-256 of the sorted list of files and their sizes. */
export function listingHash({ files }: TreeListing): string {
  const hash = createHash('sha256');
  for (const { path, size } of files) hash.update(`${path}\0${size}\n`);
  return hash.digest('hex');
}
