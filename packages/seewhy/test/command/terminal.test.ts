import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { folder, model, photo, seewhy } from './seewhy.ts';

const scratch = folder('terminal');
const labels = join(scratch, 'labels.txt');
const picture = join(scratch, 'cat\u001b]0;owned\u0007.png');

describe('names that a terminal would obey', () => {
  it('are shown with escapes, and reach a program as they are', async () => {
    writeFileSync(labels, Array.from({ length: 5 }, (_, index) => `class\u001b[2J\u202e${index}`).join('\n'));
    copyFileSync(photo('chelsea.png'), picture);
    const run = (...more: string[]) =>
      seewhy(
        ['explain', model('tiny-cnn'), picture, '--labels', labels, '--preprocess', 'unit', '-o', scratch, ...more],
        { env: { NO_COLOR: '', FORCE_COLOR: '1' } },
      );
    const { code, stdout, stderr } = await run();
    expect(code).toBe(0);
    expect(stdout).toContain('cat\\u001b]0;owned\\u0007.png');
    expect(stdout).toContain('class\\u001b[2J\\u202e');
    // Its own colours are all that is left of them.
    const bare = stripVTControlCharacters(`${stdout}${stderr}`);
    expect(bare.match(/[^\P{Cc}\t\n]|\u202e/gu)).toBeNull();
    expect(`${stdout}${stderr}`).not.toContain('\u001b]');
    const again = await run('--json', '--force');
    expect(again.stdout).not.toContain('\u202e');
    const [record] = JSON.parse(again.stdout).results;
    expect(record.source.path).toBe(picture);
    expect(record.predictions[0].label).toContain('class\u001b[2J\u202e');
  });
});
