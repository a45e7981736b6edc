export { ExplanationCallback, type ExplanationCallbackOptions } from './callback/explanation-callback.ts';
export { LiveModel } from './callback/live-model.ts';
