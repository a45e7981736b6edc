import type { RuleTable } from '../rule.ts';

export const attention: RuleTable = {};
