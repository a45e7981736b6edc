import type { Rule, RuleTable } from '../rule.ts';

/** y = a + b: each summand receives g, summed where it was broadcast. */
const add: Rule = (s) => [0, 1].map((i) => (s.needs(i) ? s.unbroadcastTo(s.g, i) : null));

/** y = a · b: (ab)' = a'b + ab'. */
const mul: Rule = (s) => [
  s.needs(0) ? s.unbroadcastTo(s.b.mul(s.g, s.x(1)), 0) : null,
  s.needs(1) ? s.unbroadcastTo(s.b.mul(s.g, s.x(0)), 1) : null,
];

/** y = max(0, x): g where y > 0 (0 at 0, as torch); from the output, so that the runtime can still fuse the forward pass. */
const relu: Rule = (s) => [s.profile.maskPositive(s.b, s.g, s.y(), s.type(s.y()), true)];

export const elementwise: RuleTable = {
  Add: add,
  Mul: mul,
  Relu: relu,
};
