import { shortHash } from './captions.ts';

/** Longest readable part of a file name. */
const LONGEST = 40;

/**
 * Part of a file name for any text: letters, digits, `_` and `-`; a text that had to be changed is followed by a hash of the whole, so that
 * two texts do not share a name (but for their letter case). No text can leave the folder by it.
 */
export function panelSlug(text: string): string {
  const safe = text
    .slice(0, 1000)
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9_]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, LONGEST)
    .replace(/-+$/, '');
  if (safe === text) return safe;
  return safe === '' ? shortHash(text) : `${safe}-${shortHash(text)}`;
}

/** Slugs of several texts that stay apart where the file system does not tell letter cases apart. */
export function panelSlugs(texts: readonly string[]): string[] {
  const slugs = texts.map(panelSlug);
  const counts = new Map<string, number>();
  for (const slug of slugs) counts.set(slug.toLowerCase(), (counts.get(slug.toLowerCase()) ?? 0) + 1);
  return slugs.map((slug, at) => (counts.get(slug.toLowerCase())! > 1 ? `${slug}-${shortHash(texts[at]!)}` : slug));
}
