import { didYouMean, type Graph, SeewhyError } from '@seewhy/onnx';
import { hasBlocks } from './blocked-layout.ts';

const list = (names: Iterable<string>) => [...names].join(', ');

/** An option that takes one of a few names got another one. */
export function unknownName(kind: string, name: string, known: Iterable<string>): SeewhyError {
  const names = [...known];
  const near = didYouMean(name, names);
  return new SeewhyError({
    code: `${kind.toUpperCase().replace(/[^A-Z]+/g, '_')}_UNKNOWN`,
    what: `There is no ${kind} '${name}'`,
    cure: `${near ? `${near} ` : ''}Known: ${list(names)}.`,
  });
}

/** Some names for a sentence. */
export const quoted = (names: readonly string[], most = 8) =>
  names
    .slice(0, most)
    .map((name) => `'${name}'`)
    .join(', ') + (names.length > most ? `, … (${names.length} in all)` : '');

export const errors = {
  unknownPreprocess: (name: string, known: Iterable<string>) => unknownName('preprocess preset', name, known),
  unknownPreset: (name: string, known: Iterable<string>) => unknownName('post-processing preset', name, known),
  unknownInterpolation: (name: string, known: Iterable<string>) => unknownName('interpolation', name, known),

  preprocessInvalid: (key: string, value: unknown, expected: string, where?: string) =>
    new SeewhyError({
      code: 'PREPROCESS_INVALID',
      what: `The preprocessing key '${key}' is ${JSON.stringify(value)}`,
      where,
      cure: `It must be ${expected}.`,
    }),
  preprocessNotJson: (where: string | undefined, cause: unknown) =>
    new SeewhyError({
      code: 'PREPROCESS_NOT_JSON',
      what: 'The preprocessing file is not a JSON object',
      where,
      cure: 'It takes the keys of a Hugging Face preprocessor_config.json, for example {"size": 224, "image_mean": [0.5, 0.5, 0.5]}.',
      cause,
    }),
  preprocessSize: (made: string, wanted: string) =>
    new SeewhyError({
      code: 'PREPROCESS_SIZE_MISMATCH',
      what: `Preprocessing makes ${made} pixels, the model takes ${wanted}`,
      cure: `Set size and crop_size of the preprocessing to ${wanted}, or choose a preset by name.`,
    }),
  preprocessChannels: (made: number, wanted: number) =>
    new SeewhyError({
      code: 'PREPROCESS_CHANNELS_MISMATCH',
      what: `Preprocessing has ${made} mean/std values for ${wanted} channel(s)`,
      cure: `Give ${wanted} values, or one for all.`,
    }),

  mapShape: (detail: string) =>
    new SeewhyError({
      code: 'MAP_SHAPE_INVALID',
      what: `The map does not have the shape it should: ${detail}`,
      cure: 'Give data of height × width values (times channels before they are reduced).',
    }),
  mapsDiffer: (first: string, other: string) =>
    new SeewhyError({
      code: 'MAPS_DIFFER_IN_SIZE',
      what: `Maps of ${first} and ${other} cannot be fused`,
      cure: 'Resize them to one size first.',
    }),
  sizeInvalid: (width: number, height: number) =>
    new SeewhyError({
      code: 'SIZE_INVALID',
      what: `A size of ${width}x${height} pixels is not possible`,
      cure: 'Width and height must be whole numbers of at least 1.',
    }),

  npyInvalid: (detail: string, where?: string) =>
    new SeewhyError({
      code: 'NPY_INVALID',
      what: `This is not a usable .npy file: ${detail}`,
      where,
      cure: "Write it again with numpy.save(path, array.astype('float32')).",
    }),
  npyType: (type: string, where?: string) =>
    new SeewhyError({
      code: 'NPY_TYPE_UNSUPPORTED',
      what: `The .npy file holds values of type '${type}'`,
      where,
      cure: "Supported: bool, int8, uint8, int16, uint16, int32, uint32, int64, uint64, float16, float32, float64. Save with array.astype('float32').",
    }),

  // ---- models, layers, targets, methods

  noImageInput: (inputs: readonly string[]) =>
    new SeewhyError({
      code: 'NO_IMAGE_INPUT',
      what: `The model has no input that looks like an image (four dimensions, 1, 3 or 4 channels)${inputs.length > 0 ? `; its inputs are ${quoted(inputs)}` : ''}`,
      cure: 'seewhy explains image models; if one of the inputs is an image, name it with --input-name (API: `input`).',
    }),
  videoInput: (name: string, dims: string) =>
    new SeewhyError({
      code: 'INPUT_NOT_A_PICTURE',
      what: `The input '${name}' ${dims} has five dimensions: the model takes a video or a volume, and seewhy explains models that take one picture`,
      cure: 'Export the model again in a wrapper that takes one picture [N, C, H, W] and repeats it, or sets it among fixed frames. The gradient itself works on any shape: `differentiate` of @seewhy/autodiff, with a tensor of your own.',
    }),
  pictureChannels: (name: string, channels: number, tensor: string) =>
    new SeewhyError({
      code: 'PICTURE_CHANNELS',
      what: `The input '${name}' takes ${channels} channels, and a picture file gives 3 (or 1, as grey)`,
      cure: `Give a .npy file of the shape [${tensor}] with the values that the model takes.`,
    }),
  imageTooLarge: (name: string, width: number, height: number) =>
    new SeewhyError({
      code: 'IMAGE_INPUT_TOO_LARGE',
      what: `The input '${name}' is declared for pictures of ${width}x${height} pixels, more than a tensor can hold`,
      cure: 'Export the model again for the size it is used with, or with a free size.',
    }),
  unknownInput: (name: string, inputs: readonly string[]) =>
    new SeewhyError({
      code: 'INPUT_UNKNOWN',
      what: `The model has no input '${name}'`,
      cure: `${didYouMean(name, inputs) || `Its inputs are ${quoted(inputs)}.`}`,
    }),
  inputNeeded: (names: readonly string[]) =>
    new SeewhyError({
      code: 'INPUT_NEEDED',
      what: `The model has ${names.length === 1 ? 'a further input that has' : 'further inputs that have'} no value: ${quoted(names)}`,
      cure: `Give ${names.length === 1 ? 'it' : 'each'} with --input ${names[0]}=FILE.npy (API: \`inputs\`).`,
    }),
  inputShape: (name: string, found: readonly number[], expected: string) =>
    new SeewhyError({
      code: 'INPUT_SHAPE',
      what: `The tensor for '${name}' has the shape [${found.join(', ')}], the model needs ${expected}`,
      cure: 'Give a tensor of that shape, or a picture.',
    }),
  inputType: (name: string, found: string, expected: string) =>
    new SeewhyError({
      code: 'INPUT_TYPE',
      what: `The tensor for '${name}' holds ${found}, the model needs ${expected}`,
      cure: 'Convert it.',
    }),
  noOutput: (name: string | undefined, outputs: readonly string[]) =>
    new SeewhyError({
      code: 'NO_CLASS_OUTPUT',
      what: name === undefined ? 'The model has no float output to explain' : `The model has no float output '${name}'`,
      cure: `${(name && didYouMean(name, outputs)) || `Its outputs are ${quoted(outputs)}; name one with --output (API: \`output\`).`}`,
    }),
  unknownLayer: (name: string, layers: readonly string[]) =>
    new SeewhyError({
      code: 'LAYER_UNKNOWN',
      what: `The model has no layer '${name}'`,
      cure: `${didYouMean(name, layers) || `Layers worth explaining are ${quoted(layers.slice(-6))}.`} 'seewhy inspect MODEL' lists them all.`,
    }),
  sizeDoesNotFit: (name: string, [height, width]: readonly [number, number], asked: boolean, cause: unknown) =>
    new SeewhyError({
      code: 'SIZE_DOES_NOT_FIT',
      what: `The file leaves the size of '${name}' free, but the model does not run at ${height} × ${width}${asked ? '' : ' nor at other usual sizes'}: ${cause instanceof SeewhyError ? cause.what : String(cause)}`,
      cure: 'Name the size that it was made for with --size HEIGHTxWIDTH (API: `size`).',
      cause,
    }),
  layerNotSpatial: (name: string, shape: string, layers: readonly string[]) =>
    new SeewhyError({
      code: 'LAYER_NOT_SPATIAL',
      what: `The layer '${name}' has no spatial extent (shape ${shape})`,
      cure: `A heatmap needs a layer with height and width${layers.length > 0 ? `, such as ${quoted(layers.slice(-3))}` : ', and this model has none'}.`,
    }),
  noLayer: (method: string, graph: Graph) =>
    new SeewhyError({
      code: 'NO_SPATIAL_LAYER',
      ...(hasBlocks(graph)
        ? {
            what: `The method '${method}' needs a layer with spatial extent, and this file has none that can be read: ONNX Runtime saved it after layout optimisation, with channels in blocks as the kernels of one machine like them`,
            cure: 'Explain the original model, or save it with the optimisation level ORT_ENABLE_EXTENDED; rise and occlusion need no layer.',
          }
        : {
            what: `The method '${method}' needs a layer with spatial extent, and this model has none between the image and its output`,
            cure: 'Use saliency or gradient-x-input, which need none.',
          }),
    }),
  namesTaken: (names: readonly string[]) =>
    new SeewhyError({
      code: 'MODEL_NAMES_TAKEN',
      what: `The model itself has what would be added: ${quoted(names)}`,
      cure: 'A model that explains itself already is not compiled again: give the model it was made from.',
    }),
  unknownMethod: (name: string, methods: readonly string[]) =>
    new SeewhyError({
      code: 'METHOD_UNKNOWN',
      what: `There is no method '${name}'`,
      cure: `${didYouMean(name, methods)} 'seewhy methods' lists them all.`.trim(),
    }),
  noLinearHead: (layer: string, why: string) =>
    new SeewhyError({
      code: 'HEAD_NOT_LINEAR',
      what: `CAM needs a head of global pooling and one linear layer behind '${layer}': ${why}`,
      cure: 'Use gradcam, which needs no such head (on a pooling + linear head both give the same map up to a factor).',
    }),
  notDifferentiable: (input: string) =>
    new SeewhyError({
      code: 'INPUT_NOT_DIFFERENTIABLE',
      what: `The image input '${input}' holds integers that no float follows from: there is no gradient with respect to pixels`,
      cure: 'Use gradcam or layercam, which explain at a layer.',
    }),
  unknownVariant: (method: string, name: string, known: Iterable<string>) =>
    unknownName(`${method} variant`, name, known),
  noMethod: (refused: readonly string[]) =>
    new SeewhyError({
      code: 'NO_METHOD',
      what: `No method can be chosen for this model: ${refused.join('; ')}`,
      cure: "'seewhy inspect MODEL' tells what each method lacks.",
    }),
  baselineShape: (found: readonly number[], expected: readonly number[]) =>
    new SeewhyError({
      code: 'BASELINE_SHAPE',
      what: `The baseline has the shape [${found.join(', ')}], the picture [${expected.join(', ')}]`,
      cure: 'Give a picture file, or a tensor of the shape that the model takes.',
    }),
  noiseShape: (found: readonly number[], expected: readonly number[]) =>
    new SeewhyError({
      code: 'NOISE_SHAPE',
      what: `The noise has the shape [${found.join(', ')}]; a picture [${expected.join(', ')}]`,
      cure: `Give [samples, ${expected.join(', ')}].`,
    }),
  fillChannels: (found: number, channels: number) =>
    new SeewhyError({
      code: 'FILL_CHANNELS',
      what: `The fill has ${found} values for a picture of ${channels} channel(s)`,
      cure: `Give ${channels === 1 ? '1 value' : `${channels} values, or one for all`}, in the units the model takes.`,
    }),
  masksShape: (found: readonly number[], expected: readonly number[]) =>
    new SeewhyError({
      code: 'MASKS_SHAPE',
      what: `The masks have the shape [${found.join(', ')}]`,
      cure: `Give [masks, ${expected.join(', ')}], 1 where the picture stays and 0 where it is hidden.`,
    }),
  segmentationSize: (found: readonly number[], expected: readonly number[]) =>
    new SeewhyError({
      code: 'SEGMENTATION_SIZE',
      what: `The segmentation is of ${found.join(' × ')} pixels, the model's input of ${expected.join(' × ')}`,
      cure: 'Give one label for every pixel of the input.',
    }),
  coalitionsInvalid: (why: string, regions: number) =>
    new SeewhyError({
      code: 'COALITIONS_INVALID',
      what: `The coalitions do not fit: ${why}`,
      cure: `Give [coalitions, ${regions}]: 1 for a region that stays, 0 for one that is hidden.`,
    }),
  coalitionsFew: (found: number, regions: number, least: number) =>
    new SeewhyError({
      code: 'COALITIONS_FEW',
      what: `${found} coalitions cannot tell the Shapley values of ${regions} regions`,
      cure: `Give --coalitions ${least} at least, fewer --segments, or use lime, whose fit is penalised.`,
    }),
  permutationsInvalid: (why: string, regions: number) =>
    new SeewhyError({
      code: 'PERMUTATIONS_INVALID',
      what: `The orders of the regions do not fit: ${why}`,
      cure: `Give [permutations, ${regions}]: each row has every whole number from 0 to ${regions - 1} once.`,
    }),
  positionsInvalid: (why: string, baselines: number) =>
    new SeewhyError({
      code: 'POSITIONS_INVALID',
      what: `The positions on the paths do not fit: ${why}`,
      cure: `Give [samples, 2]: a place between 0 and 1, and the number of a baseline from 0 to ${baselines - 1}.`,
    }),
  smoothTwice: (method: string) =>
    new SeewhyError({
      code: 'SMOOTH_TWICE',
      what: `'${method}' takes random samples itself: --smooth would average over noise twice`,
      cure: 'Leave --smooth out, or smooth a method that takes none, such as saliency or gradcam.',
    }),
  noWeights: () =>
    new SeewhyError({
      code: 'NO_WEIGHTS',
      what: 'The model stores no weights of convolutions or linear layers that could be shuffled',
      cure: "Compare with the controls 'random' and 'sobel' instead.",
    }),
  noRival: (method: string) =>
    new SeewhyError({
      code: 'NO_OTHER_CLASS',
      what: `'${method}' compares a class with others, and this model has one value only`,
      cure: 'Use gradcam, layercam or hirescam, which explain one value.',
    }),
  methodSamples: (method: string) =>
    new SeewhyError({
      code: 'METHOD_SAMPLES',
      what: `'${method}' runs the model many times on the host and cannot be written into one graph`,
      cure: "Use a graph method such as gradcam, layercam or saliency, or run it with 'seewhy explain'.",
    }),
  optionInvalid: (flag: string, value: unknown, expected: string, choices: readonly string[] | undefined) =>
    new SeewhyError({
      code: 'OPTION_INVALID',
      what: `${flag} cannot be ${typeof value === 'string' ? `'${value}'` : String(value)}`,
      cure: `Give ${expected}.${typeof value === 'string' && choices ? ` ${didYouMean(value, choices)}`.trimEnd() : ''}`,
    }),
  optionNotOfMethod: (flag: string, methods: readonly { readonly name: string }[], has: readonly string[]) =>
    new SeewhyError({
      code: 'OPTION_NOT_OF_METHOD',
      what: `${flag} is not an option of ${methods.map(({ name }) => `'${name}'`).join(' or ')}`,
      cure: `${didYouMean(flag, has)}${has.length > 0 ? ` Its options are ${has.join(', ')}.` : ' It has no options of its own.'} 'seewhy methods ${methods[0]?.name ?? 'NAME'}' explains it.`.trim(),
    }),
  batchFixed: (batch: number, why: string) =>
    new SeewhyError({
      code: 'BATCH_FIXED',
      what: `The model takes one picture at a time, not ${batch}: ${why}`,
      cure: 'Leave --batch at 1.',
    }),
  aborted: () =>
    new SeewhyError({
      code: 'ABORTED',
      what: 'The run was interrupted',
      cure: 'What was finished stays; run again for the rest.',
    }),

  // ---- random numbers, segmentations, perturbations

  seedInvalid: (seed: number) =>
    new SeewhyError({
      code: 'SEED_INVALID',
      what: `${seed} is not a seed for random numbers`,
      cure: 'Give a finite number, for example 0.',
    }),
  numberInvalid: (name: string, value: unknown, expected: string) =>
    new SeewhyError({
      code: 'NUMBER_INVALID',
      what: `'${name}' is ${value}`,
      cure: `It must be ${expected}.`,
    }),
  lengthInvalid: (what: string, found: number, expected: number) =>
    new SeewhyError({
      code: 'LENGTH_INVALID',
      what: `${what} holds ${found} values, not ${expected}`,
      cure: `Give ${expected} values.`,
    }),
  lassoUnfinished: (sweeps: number) =>
    new SeewhyError({
      code: 'LASSO_UNFINISHED',
      what: `The lasso has not settled after ${sweeps} sweeps over its coefficients`,
      cure: 'Raise the penalty, draw more samples, or allow more sweeps.',
    }),
  systemSingular: (what: string, row: number) =>
    new SeewhyError({
      code: 'SYSTEM_SINGULAR',
      what: `${what} has no single solution: its matrix is singular (at row ${row})`,
      cure: 'Draw more (--coalitions), take fewer regions (--segments), raise the --penalty where there is one, or use shapley-sampling, which solves no system.',
    }),
};
