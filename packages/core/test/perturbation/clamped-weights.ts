/** The two samples of a row of `input` that sample `at` of `output` lies between, the edge repeated, and the share of the second. */
export const clampedWeights = (input: number, output: number) => (at: number) => {
  const exact = Math.min(Math.max(((at + 0.5) * input) / output - 0.5, 0), input - 1);
  const first = Math.floor(exact);
  return { first, second: Math.min(first + 1, input - 1), share: exact - first };
};
