import { expect } from 'vitest';

/** Equal to 1e-10 of the larger value (1e-13 near 0); null in a reference is NaN here. */
export function expectNear(got: number, wanted: number | null, what = '', relative = 1e-10): void {
  if (wanted === null) {
    expect(got, what).toBeNaN();
    return;
  }
  const slack = relative * Math.max(Math.abs(got), Math.abs(wanted)) + 1e-13;
  if (!(Math.abs(got - wanted) <= slack)) expect(got, what).toBe(wanted);
}
