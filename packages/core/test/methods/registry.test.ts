import { expect, it } from 'vitest';
import { findMethod } from '../../src/index.ts';

it('finds a method by any spelling', () => {
  for (const name of ['gradcam', 'Grad-CAM', 'grad_cam', ' GRADCAM ']) expect(findMethod(name).name).toBe('gradcam');
});

it('offers different methods for a misspelt one, not one method in several spellings', () => {
  expect(() => findMethod('gradcan')).toThrow(
    expect.objectContaining({
      code: 'METHOD_UNKNOWN',
      cure: expect.stringContaining("'gradcam', 'xgradcam' or 'gradcam++'"),
    }),
  );
});
