import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { cpuMilliseconds } from '../../../tools/test-support/cpu-milliseconds.ts';
import { importKeras } from '../src/index.ts';
import { HANG, repacked, survives, text } from './hostile-files.ts';
import { fixture } from './support.ts';

describe('hostile archives', () => {
  it.each(['../evil.txt', 'a/../../evil', '/etc/passwd', 'C:\\evil', '..\\evil'])(
    'an entry %s is refused',
    async (entry) => {
      const bytes = repacked((entries) => {
        entries[entry] = text('x');
      });
      expect(await survives(bytes)).toBe('ARCHIVE_ESCAPES');
    },
  );

  it('zip bombs are refused before they are unpacked', async () => {
    const bomb = zipSync({ 'config.json': new Uint8Array(512 << 20), 'model.weights.h5': text('x') }, { level: 1 });
    expect(bomb.length).toBeLessThan(8 << 20);
    const before = process.memoryUsage().rss;
    expect(await survives(bomb)).toBe('ARCHIVE_TOO_LARGE');
    expect(process.memoryUsage().rss - before).toBeLessThan(256 << 20);
  });

  it('an entry that says it is small but is not fills no memory', async () => {
    const bomb = zipSync({ 'config.json': new Uint8Array(64 << 20), 'model.weights.h5': text('x') }, { level: 9 });
    const view = new DataView(bomb.buffer);
    // Sizes stand in the local header (offset 22) and in the central directory (offset 24 of its entry).
    for (let at = 0; at + 46 < bomb.length; at++) {
      if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 24, 1000, true);
      if (view.getUint32(at, true) === 0x04034b50) view.setUint32(at + 22, 1000, true);
    }
    expect(await survives(bomb)).toMatch(/ARCHIVE|JSON|CONFIG/);
  });

  it('assets and everything else in the archive stay packed', async () => {
    const bytes = repacked((entries) => {
      entries['assets/virus.exe'] = text('MZ');
    });
    expect(await survives(bytes)).toBe('ok');
  });
});

describe('hostile HDF5: tools/keras/hostile.py', () => {
  it.each([
    ['external-link.h5', 'HDF5_ESCAPES', /other\.h5/],
    ['external-storage.h5', 'HDF5_DATASET', /outside the file/],
    ['external-device.h5', 'HDF5_DATASET', /outside the file/],
    ['virtual.h5', 'HDF5_ESCAPES', /other files/],
    ['wrong-shape.h5', 'WEIGHT_MISMATCH', /\[4, 3\].*\[3, 4\]/],
    ['huge.h5', 'WEIGHT_MISMATCH', /\[1000000, 1000000\]/],
    ['huge-fitting.h5', 'HDF5_DATASET', /too large/],
    ['missing.h5', 'HDF5_DATASET', /kernel.*not there/],
    ['text-weight.h5', 'HDF5_DATASET', /no numbers/],
    ['soft-link-loop.h5', /HDF5/, /./],
  ])('%s', async (name, code, message) => {
    const started = cpuMilliseconds();
    expect(await survives(fixture(`hostile/${name}`))).toMatch(code);
    await expect(importKeras(fixture(`hostile/${name}`))).rejects.toThrow(message);
    expect(cpuMilliseconds() - started).toBeLessThan(HANG);
  });
});
