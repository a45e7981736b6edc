/** The browser's storage; where it forbids that (some do for files), things are kept for as long as the page is open. */
const memory = new Map<string, string>();

function storage(): Storage | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}

/** False when what is kept will be gone with the page. */
export let lasting = true;

export function keep(key: string, text: string): void {
  memory.set(key, text);
  try {
    const place = storage();
    if (!place) throw new Error('no storage');
    place.setItem(key, text);
  } catch {
    lasting = false;
  }
}

export function kept(key: string): string | undefined {
  const known = memory.get(key);
  if (known !== undefined) return known;
  try {
    const place = storage();
    if (!place) lasting = false;
    return place?.getItem(key) ?? undefined;
  } catch {
    lasting = false;
    return undefined;
  }
}
