import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import { expect, it } from 'vitest';
import { unzip } from '../src/archive/zip.ts';
import { FIXTURES } from './support.ts';

const archive = new Uint8Array(readFileSync(join(FIXTURES, 'structure.keras')));
const all = () => true;

it('stored entries are views on the archive, with the bytes that fflate unpacks', () => {
  const expected = unzipSync(archive);
  const entries = unzip(archive, 'structure.keras', all);
  expect([...entries.keys()].sort()).toEqual(Object.keys(expected).sort());
  for (const [name, bytes] of entries) {
    expect(bytes.buffer).toBe(archive.buffer);
    expect(Buffer.compare(bytes, expected[name]!)).toBe(0);
  }
});

it('packed entries, a comment at the end and an archive within a larger buffer are read, too', () => {
  const entries = { 'a.txt': new Uint8Array(1000).fill(65), 'b.bin': Uint8Array.of(1, 2, 3) };
  const packed = zipSync({ 'a.txt': [entries['a.txt'], { level: 9 }], 'b.bin': [entries['b.bin'], { level: 0 }] });
  const comment = new TextEncoder().encode('a comment');
  packed[packed.length - 2] = comment.length;
  const larger = new Uint8Array(packed.length + comment.length + 5);
  larger.set(packed, 5);
  larger.set(comment, 5 + packed.length);
  const found = unzip(larger.subarray(5), 'a.zip', all);
  expect(Object.fromEntries([...found].map(([name, bytes]) => [name, [...bytes]]))).toEqual({
    'a.txt': [...entries['a.txt']],
    'b.bin': [1, 2, 3],
  });
});
