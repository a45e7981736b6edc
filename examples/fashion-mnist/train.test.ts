import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEvents } from '@seewhy/training';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import { fashionMnist } from '../../tools/test-support/require.ts';
import { train } from './train.ts';

const logs = mkdtempSync(join(tmpdir(), 'seewhy-fashion-'));
afterAll(() => rmSync(logs, { recursive: true, force: true }));

describe.skipIf(!fashionMnist())('Fashion-MNIST', () => {
  it('is learnt, and explained after each epoch', async () => {
    await tf.setBackend('cpu');
    const { accuracy } = await train({ count: 1000, epochs: 3, logs });
    // Seeded: 0.35 after three epochs, of which no machine's rounding takes a tenth; chance is 0.1.
    expect(accuracy.at(-1)).toBeGreaterThan(0.25);
    const [file] = readdirSync(logs);
    const { events, end } = readEvents(readFileSync(join(logs, file!)));
    expect(end).toBe('whole');
    const pictures = events.flatMap(({ step, values }) =>
      values.flatMap(({ kind, tag }) => (kind === 'image' ? [`${step} ${tag}`] : [])),
    );
    expect(pictures).toHaveLength(3 * 8 * 2);
    expect(pictures[0]).toBe('0 gradcam/0 Ankle boot');
  });
});
