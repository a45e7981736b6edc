import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { files, folder, photo, ROOT, seewhy } from './seewhy.ts';

const out = folder('hostile');
const hostile = (name: string) => join(ROOT, 'fixtures/hostile', `${name}.onnx`);
const explain = (name: string, ...more: string[]) =>
  seewhy(['explain', hostile(name), photo('chelsea.png'), '-o', out, '--preprocess', 'imagenet', '-q', ...more]);

/** What is declared larger than any machine: one line, no trace of the runtime's own, and nothing written. */
const HUGE: [name: string, code: number, says: RegExp][] = [
  ['huge-picture', 3, /'image' is declared for pictures of 2147483648x2147483648 pixels, more than a tensor can hold/],
  ['huge-weight', 3, /dimensions \[2147483648, 2147483648\] overflow \(tensor 'head'\)/],
  ['huge-constant', 4, /runtime stopped while running the model: .*ConstantOfShape/],
  ['huge-resize', 4, /memory was at its end while the model ran: .*Resize .*Failed to allocate memory.*--batch 1/],
];

describe('dimensions that no machine holds', () => {
  it.each(HUGE)('%s', async (name, code, says) => {
    const ran = await explain(name);
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code, stdout: '' });
    expect(ran.stderr).toMatch(says);
    expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(ran.stderr).not.toContain('did not expect');
    expect(files(out)).toEqual([]);
  });

  it('huge-batch: run for one picture, which is said', async () => {
    const ran = await seewhy([
      ...['explain', hostile('huge-batch'), photo('chelsea.png')],
      ...['-o', out, '--preprocess', 'imagenet'],
    ]);
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('The file declares a batch of 1099511627776; it is run for one picture at a time.');
    expect(files(out).sort()).toEqual(['chelsea.gradcam.1.json', 'chelsea.gradcam.1.png']);
    rmSync(out, { recursive: true });
  });
});

describe('control flow between the picture and the score', () => {
  it.each([
    ['-m', 'saliency'],
    ['-l', 'features'],
  ])('Loop, %s %s', async (...args) => {
    const ran = await explain('loop', ...args);
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 3, stdout: '' });
    expect(ran.stderr).toMatch(/gradient of 'Loop' cannot be written: it is control flow: export the model again/);
    expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('If whose condition is the picture', async () => {
    const ran = await explain('branch', '-m', 'saliency');
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 3, stdout: '' });
    expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(ran.stderr).toMatch(/depends on an If that is decided while the model runs.*fixed shape/);
    expect(ran.stderr).not.toContain('does not depend');
  });

  it('a layer behind the Loop is explained', async () => {
    const ran = await explain('loop', '--save', 'json');
    expect(ran.stderr).toBe('');
    expect(ran.code).toBe(0);
    expect(files(out)).toHaveLength(1);
  });
});
