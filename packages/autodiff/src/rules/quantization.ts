import type { RuleTable } from '../rule.ts';

export const quantization: RuleTable = {};
