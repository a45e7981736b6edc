import { errors } from '../errors.ts';

/** Far deeper than any architecture, far from the end of the stack. */
const MAX_DEPTH = 200;

/** Decodes a JSON text. Python's NaN and Infinity (which are no JSON) are read as null, 1e999 and -1e999. */
export function parseJson(bytes: Uint8Array | string, name: string): unknown {
  const text = typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes);
  const start = text.slice(0, 64).trimStart();
  if (start.startsWith('version https://git-lfs')) throw errors.badJson(name, 'it is a Git LFS pointer');
  if (/^<(!doctype|html|\?xml)/i.test(start)) throw errors.badJson(name, 'it is a web page');
  let depth = 0;
  for (let at = 0, quoted = false; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === 92) at++;
      else if (code === 34) quoted = false;
    } else if (code === 34) quoted = true;
    else if (code === 123 || code === 91) {
      if (++depth > MAX_DEPTH) throw errors.badJson(name, `it is nested deeper than ${MAX_DEPTH} levels`);
    } else if (code === 125 || code === 93) depth--;
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (/\b(NaN|Infinity)\b/.test(text)) {
      try {
        return JSON.parse(withoutPythonNumbers(text));
      } catch {
        // The first error tells more.
      }
    }
    throw errors.badJson(name, 'it is not JSON', cause);
  }
}

/** NaN → null, ±Infinity → ±1e999, outside of strings. */
function withoutPythonNumbers(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g, (found) =>
    found === 'NaN' ? 'null' : found === 'Infinity' ? '1e999' : found === '-Infinity' ? '-1e999' : found,
  );
}

export type Json = Readonly<Record<string, unknown>>;

/** True for a JSON object. */
export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
