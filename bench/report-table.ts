/** Lines of a Markdown table. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]) => [
  `| ${head.join(' | ')} |`,
  `|${head.map(() => '---').join('|')}|`,
  ...rows.map((row) => `| ${row.join(' | ')} |`),
  '',
];

/** A ratio as shown: judged as printed, so that table and verdict agree. */
const rounded = (value: number) => Number(value.toFixed(2));

/** Verdict on a figure that may be so large at most. */
export function atMost(value: number, [must, aim]: readonly [number, number]): string {
  return rounded(value) <= aim ? 'aim met' : rounded(value) <= must ? 'met' : '**missed**';
}

/** Verdict on a figure that must be so large at least. */
export function atLeast(value: number, [must, aim]: readonly [number, number]): string {
  return rounded(value) >= aim ? 'aim met' : rounded(value) >= must ? 'met' : '**missed**';
}
