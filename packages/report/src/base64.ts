const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const CODES = Uint8Array.from(LETTERS, (letter) => letter.charCodeAt(0));
const PAD = 61; // '='

/** Length of `size` bytes in base64, in characters. */
export const base64Length = (size: number) => 4 * Math.ceil(size / 3);

/** Base64 as ASCII bytes, ready to be written to a file: no string of that size is made. */
export function base64Bytes(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(base64Length(bytes.length));
  const whole = bytes.length - (bytes.length % 3);
  let at = 0;
  for (let i = 0; i < whole; i += 3) {
    const bits = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!;
    out[at++] = CODES[bits >> 18]!;
    out[at++] = CODES[(bits >> 12) & 63]!;
    out[at++] = CODES[(bits >> 6) & 63]!;
    out[at++] = CODES[bits & 63]!;
  }
  if (whole < bytes.length) {
    const bits = (bytes[whole]! << 16) | ((bytes[whole + 1] ?? 0) << 8);
    out[at++] = CODES[bits >> 18]!;
    out[at++] = CODES[(bits >> 12) & 63]!;
    out[at++] = whole + 1 < bytes.length ? CODES[(bits >> 6) & 63]! : PAD;
    out[at++] = PAD;
  }
  return out;
}

/** Base64 with padding (RFC 4648, section 4). */
export const toBase64 = (bytes: Uint8Array): string => new TextDecoder().decode(base64Bytes(bytes));

/** The bytes of a base64 text. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
