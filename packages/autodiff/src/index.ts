export { type DifferentiateOptions, differentiate } from './differentiate.ts';
export { gatesInBlocks } from './gates-in-blocks.ts';
export { gatesOnce } from './gates-once.ts';
export { PROFILES, type Profile, type ProfileName } from './profile.ts';
export { DECONVNET_RULES, GUIDED_RULES, type RectifierCount, rectifiersOn } from './rectified.ts';
export { type Gradients, type Rule, RuleStep, type RuleTable, type Stop } from './rule.ts';
export { GRADIENT_RULES } from './rules/table.ts';
export { type KnownGraph, selectEarly } from './select-early.ts';
export { type Dim, isStatic, printShape, type Shape, sameDim, sameShape } from './shape.ts';
