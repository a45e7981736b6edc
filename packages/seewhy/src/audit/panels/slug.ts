import { shortHash } from './captions.ts';

/** Longest readable part of a file name. */
const LONGEST = 40;

/**
 * Part of a file name for any text: lower case letters, digits and `-`; one that had to be changed, but for its letter case, is followed
 * by a hash of the whole, so that two texts never share a name. No text can leave the folder by it.
 */
export function panelSlug(text: string): string {
  const lower = text.slice(0, 1000).toLowerCase();
  const safe = lower
    .normalize('NFKD')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, LONGEST)
    .replace(/-+$/, '');
  if (safe === text) return safe;
  return safe === '' ? shortHash(text) : `${safe}-${shortHash(text)}`;
}
