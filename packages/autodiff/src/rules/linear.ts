import type { RuleTable } from '../rule.ts';

export const linear: RuleTable = {};
