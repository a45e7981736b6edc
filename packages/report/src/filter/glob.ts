/**
 * A test whether a text is the pattern, in which `*` stands for any letters (also none). No backtracking: between the first and the last
 * part each is looked for once, from where the one before ended.
 */
export function glob(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*');
  const first = parts[0]!;
  if (parts.length === 1) return (text) => text === first;
  const last = parts[parts.length - 1]!;
  const middle = parts.slice(1, -1).filter((part) => part !== '');
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    const end = text.length - last.length;
    for (const part of middle) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= end;
  };
}
