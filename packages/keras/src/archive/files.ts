/** Files by name: what a model is read from. A name may have folders (`group1-shard1of2.bin`, `assets/labels.txt`). */
export type Files = ReadonlyMap<string, Uint8Array>;

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/** True when a relative path stays below the folder it is relative to. */
export function staysInside(path: string): boolean {
  if (path === '' || path.includes('\0') || /^([/\\]|[A-Za-z]:)/.test(path) || /^[a-z][a-z0-9+.-]*:/i.test(path))
    return false;
  return !path.split(/[/\\]/).includes('..');
}
