import { didYouMean, SeewhyError } from '@seewhy/onnx';

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

export const errors = {
  unknownPreprocess: (name: string, known: Iterable<string>) => unknownName('preprocess preset', name, known),
  unknownPreset: (name: string, known: Iterable<string>) => unknownName('post-processing preset', name, known),
  unknownColormap: (name: string, known: Iterable<string>) => unknownName('colormap', name, known),
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
};
