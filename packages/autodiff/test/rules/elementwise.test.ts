import { describe, expect, it } from 'vitest';
import { checkRule, emitted } from '../harness.ts';

describe('elementwise rules', () => {
  it('Mul, broadcast both ways', async () => {
    await checkRule({ op: 'Mul', inputs: [{ variable: [2, 3, 1, 4] }, { variable: [3, 5, 1] }] });
  });
  it('emits Relu as a mask of its output', async () => {
    expect(await emitted({ op: 'Relu', inputs: [{ variable: [2, 3] }] })).toMatchInlineSnapshot(`
      "g/HardSigmoid = HardSigmoid(y0) {alpha=3e+38, beta=0}
      g/Mul = Mul(seed, g/HardSigmoid)"
    `);
  });
});
