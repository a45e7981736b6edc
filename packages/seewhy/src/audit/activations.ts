export const ACTIVATIONS = ['softmax', 'sigmoid', 'none'] as const;
/** What turns the model's last values into probabilities; `none`: they are probabilities. */
export type Activation = (typeof ACTIVATIONS)[number];
