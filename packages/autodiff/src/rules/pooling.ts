import type { RuleTable } from '../rule.ts';

export const pooling: RuleTable = {};
