import type { RuleTable } from '../rule.ts';

export const reduction: RuleTable = {};
