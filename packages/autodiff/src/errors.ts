import { type Node, SeewhyError } from '@seewhy/onnx';

const GRADIENT_FREE =
  'Use a method without gradients (reciprocam, occlusion, rise), or explain a layer or target behind this node.';

export const errors = {
  noRule: (node: Node, path: readonly string[]) =>
    new SeewhyError({
      code: 'NO_GRADIENT_RULE',
      what: `There is no gradient rule for the operator '${node.type}'`,
      where: `${node.label}; on the path ${path.join(' → ')}`,
      cure: GRADIENT_FREE,
    }),
  refused: (node: Node, why: string) =>
    new SeewhyError({
      code: 'GRADIENT_REFUSED',
      what: `The gradient of '${node.type}' cannot be written: ${why}`,
      where: node.label,
      cure: GRADIENT_FREE,
    }),
  branch: (node: Node, of: string) =>
    new SeewhyError({
      code: 'GRADIENT_BRANCH',
      what: `The value '${of}' depends on ${node.type === 'If' ? 'an If' : `a ${node.type}`} that is decided while the model runs; what is inside of it has no gradient`,
      where: node.label,
      cure: `Export the model for inference with inputs of fixed shape, so that the condition is a constant. ${GRADIENT_FREE}`,
    }),
  notConnected: (of: string, wrt: string) =>
    new SeewhyError({
      code: 'NOT_CONNECTED',
      what: `The value '${of}' does not depend on '${wrt}'`,
      cure: 'Choose a layer that lies between the image and the explained output.',
    }),
  noShape: (value: string) =>
    new SeewhyError({
      code: 'SHAPE_UNKNOWN',
      what: `The shape of the value '${value}' is not known`,
      cure: 'Probe the model before differentiating it; if it was probed, please report this model.',
    }),
};
