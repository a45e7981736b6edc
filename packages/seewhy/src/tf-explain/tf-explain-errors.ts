import { SeewhyError } from '@seewhy/onnx';

/** What can be wrong with a call of `seewhy/tf-explain`: one clear sentence each, with a cure. */
export const tfExplainErrors = {
  noPictures: () =>
    new SeewhyError({
      code: 'IMAGES_EMPTY',
      what: 'The validation data holds no picture',
      cure: 'Give [x, y] or { x, y } with at least one picture in x; y is not looked at.',
    }),
  pictureKind: () =>
    new SeewhyError({
      code: 'IMAGES_INVALID',
      what: 'x is neither an array of pictures nor a list of decoded ones',
      cure: 'Give { dims: [N, height, width, channels], data } in the units of the model, or what decodePicture gave.',
    }),
  pictureShape: (dims: readonly number[], expected: string) =>
    new SeewhyError({
      code: 'IMAGES_SHAPE',
      what: `x has the shape [${dims.join(', ')}], the model takes ${expected}`,
      cure: 'Channels come last, and one picture is a batch of one.',
    }),
  pictureLength: (found: number, expected: number) =>
    new SeewhyError({
      code: 'IMAGES_SHAPE',
      what: `x holds ${found} values, its shape asks for ${expected}`,
      cure: 'Give data and dims of one array.',
    }),
  noPreprocess: () =>
    new SeewhyError({
      code: 'PREPROCESS_UNKNOWN',
      what: 'How decoded pictures become the input of this model is not known',
      cure: 'Give what openModel gave instead of its model alone, or x as numbers in the units of the model.',
    }),
  oneOutput: (index: number) =>
    new SeewhyError({
      code: 'TARGET_UNKNOWN',
      what: `classIndex is ${index}, but the model has one sigmoid output`,
      cure: "Its index is 0, as in tf-explain: the positive side. The other side is the target '0'.",
    }),
  classIndex: (found: unknown, classes: number) =>
    new SeewhyError({
      code: 'TARGET_UNKNOWN',
      what: `classIndex is ${String(found)}, the model has ${classes} outputs`,
      cure: `Give a whole number from 0 to ${classes - 1}, a label, or a target such as 'top'.`,
    }),
  manyTargets: (text: string, count: number) =>
    new SeewhyError({
      code: 'TARGET_INVALID',
      what: `The target '${text}' means ${count} of them, but one grid shows one`,
      cure: 'Call explain once for each.',
    }),
  noLayers: () =>
    new SeewhyError({
      code: 'LAYER_MISSING',
      what: 'layersName names no layer',
      cure: "Give at least one name; 'seewhy inspect MODEL --layers' lists them.",
    }),
  number: (name: string, found: unknown, expected: string) =>
    new SeewhyError({
      code: 'OPTION_INVALID',
      what: `${name} is ${String(found)}`,
      cure: `Give ${expected}.`,
    }),
  gridName: (name: string) =>
    new SeewhyError({
      code: 'OUTPUT_INVALID',
      what: `A grid cannot be saved as '${name}'`,
      cure: 'Give a plain file name that ends in .png; its folder is an argument of its own.',
    }),
  gridExists: (path: string) =>
    new SeewhyError({
      code: 'OUTPUT_EXISTS',
      what: `'${path}' exists already`,
      cure: 'Give another name, or { force: true } to replace it.',
    }),
};
