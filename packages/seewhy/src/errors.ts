import { didYouMean, isSeewhyError, SeewhyError } from '@seewhy/onnx';

/** Exit codes of the command line: a contract. */
export const EXIT = {
  ok: 0,
  /** A gate failed: `--fail-on`, `verify`. */
  gate: 1,
  /** Wrong usage or configuration. */
  usage: 2,
  /** The model cannot be read, run or explained. */
  model: 3,
  /** Some inputs failed; the rest were done. */
  inputs: 4,
  interrupted: 130,
} as const;

/** The exit code of what ran: an interruption says most, then a gate that failed, then inputs that did. The same for all commands. */
export const exitCodeOfRun = (ended: {
  interrupted?: boolean;
  gateFailed?: boolean;
  inputsFailed?: boolean;
}): number =>
  ended.interrupted ? EXIT.interrupted : ended.gateFailed ? EXIT.gate : ended.inputsFailed ? EXIT.inputs : EXIT.ok;

const quoted = (names: readonly string[]) => names.map((name) => `'${name}'`).join(', ');

/** Every message of the command line and the Node API, in one place: what is wrong, where, what to do. */
export const errors = {
  modelMissing: (path: string, near: readonly string[]) =>
    new SeewhyError({
      code: 'MODEL_NOT_FOUND',
      what: `There is no model file '${path}'`,
      cure: didYouMean(path, near) || 'Give the path of an .onnx file.',
    }),
  modelIsAddress: (path: string) =>
    new SeewhyError({
      code: 'MODEL_NOT_FOUND',
      what: `'${path}' is an address, and seewhy never downloads`,
      cure: 'Download the model first, and its weights file if it has one.',
    }),
  modelIsPicture: (path: string, format: string) =>
    new SeewhyError({
      code: 'MODEL_FILE_PICTURE',
      what: `'${path}' is a picture (${format}), not a model`,
      cure: 'The model comes first, then the pictures: seewhy explain MODEL PICTURE.',
    }),
  sizeFixed: (asked: readonly [number, number], input: string, fixed: readonly [number, number]) =>
    new SeewhyError({
      code: 'SIZE_FIXED',
      what: `The model takes pictures of ${fixed.join(' × ')} (height × width) at its input '${input}', not of ${asked.join(' × ')}`,
      cure: 'Leave --size out: it is for models whose size is free. Pictures of any size are brought to the size of the model.',
    }),
  modelIsFolder: (path: string, inside: readonly string[]) =>
    new SeewhyError({
      code: 'MODEL_NOT_FOUND',
      what: `'${path}' is a folder, not a model file`,
      cure:
        inside.length > 0
          ? `In it: ${quoted(inside.slice(0, 3))}${inside.length > 3 ? ` and ${inside.length - 3} more .onnx files` : ''}.`
          : 'Give the path of an .onnx file.',
    }),
  notYetConverted: (path: string, kind: string) =>
    new SeewhyError({
      code: 'MODEL_NOT_ONNX',
      what: `'${path}' is a ${kind} file, which seewhy does not read`,
      cure: 'Export it as .onnx first (PyTorch: torch.onnx.export; TensorFlow: python -m tf2onnx.convert --saved-model DIR --output model.onnx).',
    }),
  alreadyOnnx: (path: string) =>
    new SeewhyError({
      code: 'MODEL_IS_ONNX',
      what: `'${path}' is an ONNX model already`,
      cure: "Use it as it is: 'seewhy explain' takes it directly.",
    }),
  savedModel: (path: string) =>
    new SeewhyError({
      code: 'SAVED_MODEL',
      what: `'${path}' is a TensorFlow SavedModel, which seewhy does not read`,
      cure: `Convert it: python -m tf2onnx.convert --saved-model ${path} --output model.onnx (or save the Keras model with model.save('model.keras')).`,
    }),
  shardEscapes: (shard: string, path: string) =>
    new SeewhyError({
      code: 'SHARD_ESCAPES',
      what: `The shard '${shard}' is a link that leaves the folder of the model`,
      where: path,
      cure: 'Put the weights into the folder of model.json.',
    }),
  weightsTooLarge: (path: string, size: number) =>
    new SeewhyError({
      code: 'MODEL_TOO_LARGE',
      what: `The weights of '${path}' take ${(size / 1e9).toFixed(1)} GB; more than 2 GB of a Keras or TensorFlow.js model are not read`,
      cure: 'Export it as .onnx with external data.',
    }),
  sourceMissing: (path: string, near: readonly string[]) =>
    new SeewhyError({
      code: 'SOURCE_NOT_FOUND',
      what: `There is no picture or folder '${path}'`,
      cure:
        didYouMean(path, near) ||
        'Give a file, a folder, a glob, a manifest (.csv, .jsonl), a tensor (.npy), or - for standard input.',
    }),
  sourceEmpty: (path: string, detail: string) =>
    new SeewhyError({
      code: 'SOURCE_EMPTY',
      what: `'${path}' ${detail}`,
      cure: 'Give a folder or pattern that holds pictures (png, jpg, webp, gif, tif, avif …).',
    }),
  noSource: () =>
    new SeewhyError({
      code: 'SOURCE_MISSING',
      what: 'No picture was given',
      cure: 'Give a file, a folder, a glob, a manifest (.csv, .jsonl), a tensor (.npy), or - for standard input.',
    }),
  stdinEmpty: () =>
    new SeewhyError({
      code: 'SOURCE_EMPTY',
      what: 'Standard input held no bytes',
      cure: "Pipe a picture into the command: 'cat photo.jpg | seewhy explain model.onnx -'.",
    }),
  stdinTwice: () =>
    new SeewhyError({
      code: 'SOURCE_INVALID',
      what: "'-' (standard input) was given twice",
      cure: 'Standard input can be read once.',
    }),
  manifest: (path: string, detail: string, cure = 'A manifest has one row a picture and a column named path.') =>
    new SeewhyError({ code: 'MANIFEST_INVALID', what: `The manifest '${path}' ${detail}`, cure }),
  labels: (path: string, detail: string) =>
    new SeewhyError({
      code: 'LABELS_INVALID',
      what: `The labels file '${path}' ${detail}`,
      cure: 'Give a text file with one label a line, a JSON list, or a JSON object from index to label.',
    }),
  labelsCount: (path: string, got: number, classes: number) =>
    new SeewhyError({
      code: 'LABELS_COUNT',
      what: `The labels file '${path}' holds ${got} labels, the model has ${classes} classes`,
      cure: 'Give the list that belongs to this model (empty lines at the end do not count).',
    }),
  file: (path: string, what: string, cure: string, cause?: unknown) =>
    new SeewhyError({ code: 'FILE_UNREADABLE', what: `'${path}' ${what}`, cure, cause }),
  tensor: (
    path: string,
    detail: string,
    cure = 'A tensor source has the model’s own layout, batch first, as float32.',
  ) => new SeewhyError({ code: 'PICTURE_TENSOR', what: `'${path}' ${detail}`, cure }),
  option: (flag: string, value: string, expected: string, choices: readonly string[] = []) =>
    new SeewhyError({
      code: 'OPTION_INVALID',
      what: `${flag} does not take '${value}'`,
      cure: [didYouMean(value, choices), `It takes ${expected}.`].filter(Boolean).join(' '),
    }),
  segmentationSize: (path: string, found: string, expected: string) =>
    new SeewhyError({
      code: 'SEGMENTATION_SIZE',
      what: `The segmentation '${path}' is of ${found} pixels, the model's input of ${expected}`,
      cure: `Give regions for each of the ${expected} pixels that the model sees.`,
    }),
  targetPlace: (asked: string, why: string) =>
    new SeewhyError({
      code: 'TARGET_PLACE_INVALID',
      what: `'${asked}' cannot be explained: ${why}`,
      cure: 'A place is CLASS@X:Y, a pixel of the picture, or CLASS@mask.png, a mask of its size that is white where the class is meant.',
    }),
  targetNeedsPicture: (asked: string) =>
    new SeewhyError({
      code: 'TARGET_NEEDS_PICTURE',
      what: `'${asked}' is read with a picture at hand`,
      cure: "Use it with 'seewhy explain'; here give a class, a contrast, a sum, or OUTPUT[3].",
    }),
  framesInvalid: (path: string) =>
    new SeewhyError({
      code: 'WATCH_FRAMES_INVALID',
      what: `'${path}' does not hold the frames of a film strip`,
      cure: 'Delete the folder it lies in: the strip then begins with the next checkpoint.',
    }),
  optionClash: (what: string, cure: string) => new SeewhyError({ code: 'OPTION_INVALID', what, cure }),
  unknownOption: (flag: string, choices: readonly string[], command: string, isFile = false) =>
    new SeewhyError({
      code: 'OPTION_UNKNOWN',
      what: `Unknown option '${flag}'`,
      cure: isFile
        ? `If the file of that name is meant, write './${flag}'.`
        : [didYouMean(flag, choices), `'${command} --help' lists them all.`].filter(Boolean).join(' '),
    }),
  unknownCommand: (name: string, choices: readonly string[]) =>
    new SeewhyError({
      code: 'COMMAND_UNKNOWN',
      what: `Unknown command '${name}'`,
      cure: [didYouMean(name, choices), `The commands are ${choices.join(', ')}.`].filter(Boolean).join(' '),
    }),
  usage: (what: string, cure: string) => new SeewhyError({ code: 'USAGE', what, cure }),
  exists: (path: string) =>
    new SeewhyError({
      code: 'OUTPUT_EXISTS',
      what: `'${path}' exists already`,
      cure: 'Give another name, or --force to replace it.',
    }),
  outputIsModel: (path: string) =>
    new SeewhyError({
      code: 'OUTPUT_IS_MODEL',
      what: `'${path}' is the model itself, which would be lost`,
      cure: 'Give another name.',
    }),
  outputMany: (path: string, count: string) =>
    new SeewhyError({
      code: 'OUTPUT_INVALID',
      what: `--out '${path}' names one file, but ${count} would be written`,
      cure: 'Give a folder, or one picture, method, target and kind of file.',
    }),
  outputKind: (path: string, kinds: readonly string[]) =>
    new SeewhyError({
      code: 'OUTPUT_INVALID',
      what: `--out '${path}' and --save ${kinds.join(',')} do not fit together`,
      cure: 'Pictures (overlay, heatmap, panel) are written as .png, maps (map, raw) as .npy, records as .json.',
    }),
  outputFailed: (path: string, code: string, cause: unknown, option = '--out') => {
    const known: Record<string, [string, string]> = {
      EACCES: ['may not be written', `Choose another folder with ${option}, or change its permissions.`],
      EPERM: ['may not be written', `Choose another folder with ${option}, or change its permissions.`],
      EROFS: ['lies on a read-only file system', `Choose another folder with ${option}.`],
      ENOSPC: [
        'could not be written: the disk is full',
        `Free some space or choose another disk with ${option}; finished files stay, and are complete.`,
      ],
      EDQUOT: [
        'could not be written: your disk quota is used up',
        `Free some space or choose another disk with ${option}; finished files stay, and are complete.`,
      ],
      ENOTDIR: ['cannot be made: a part of its path is a file', `Choose another folder with ${option}.`],
      EEXIST: ['cannot be made: a file of that name exists', `Choose another folder with ${option}.`],
      ENAMETOOLONG: ['has too long a name', 'Rename the source or choose a folder with a shorter path.'],
      EMFILE: ['could not be opened: too many files are open', 'Raise the limit (ulimit -n) or lower --batch.'],
    };
    const [what, cure] = known[code] ?? [
      `could not be written (${code || 'unknown reason'})`,
      `Choose another place with ${option}.`,
    ];
    return new SeewhyError({
      code: code === 'ENOSPC' || code === 'EDQUOT' ? 'DISK_FULL' : 'OUTPUT_UNWRITABLE',
      what: `'${path}' ${what}`,
      cure,
      cause,
    });
  },
  noRuntime: (detail: string) =>
    new SeewhyError({
      code: 'RUNTIME_MISSING',
      what: `No ONNX Runtime could be loaded: ${detail}`,
      cure: "Install one: 'npm install onnxruntime-node' (fastest) or 'npm install onnxruntime-web' (runs anywhere); 'seewhy doctor' tells more.",
    }),
  device: (device: string, available: readonly string[]) =>
    new SeewhyError({
      code: 'OPTION_INVALID',
      what: `The device '${device}' is not available here`,
      cure: `${didYouMean(device, available)} Available: ${available.join(', ')}. 'seewhy doctor' tells more.`.trim(),
    }),
  deviceFailed: (device: string, detail: string, cause: unknown) =>
    new SeewhyError({
      code: 'DEVICE_FAILED',
      what: `The device '${device}' does not work here: ${detail}`,
      cure: "Install what it needs (driver, libraries), or leave --device out to run on the processor. 'seewhy doctor' tells more.",
      cause,
    }),
  gateSyntax: (text: string, at: number, detail: string, cure: string) =>
    new SeewhyError({ code: 'GATE_INVALID', what: `--fail-on '${text}': ${detail} at character ${at + 1}`, cure }),
  gateField: (name: string, choices: readonly string[]) =>
    new SeewhyError({
      code: 'GATE_INVALID',
      what: `--fail-on knows no field '${name}'`,
      cure: [
        didYouMean(name, choices),
        `Fields: ${choices.slice(0, 17).join(', ')}, and every field of the JSON record by its path, such as diagnosis.flat.`,
      ]
        .filter(Boolean)
        .join(' '),
    }),
  noClasses: (verb: string) =>
    new SeewhyError({
      code: 'MODEL_NO_CLASSES',
      what: `The model has no output of class scores, so there is nothing to ${verb}`,
      cure: "Say which output holds the scores with --output NAME; 'seewhy inspect MODEL' lists them.",
    }),
};

/** Codes that are the caller's mistake, not the model's. */
const USAGE =
  /^(USAGE|AUDIT_(?!HEAD)|COMPARE_|DATASET_|WATCH_|OPTION_|COMMAND_|SOURCE_|MANIFEST_|LABELS?_|OUTPUT_|DISK_|FILE_|GATE_|TARGETS?_|LAYER_|METHOD_UNKNOWN|PRESET_|PREPROCESS_|FUSION_|SCORE_|COLORMAP_|SIZE_|INPUT_|BATCH_|DEVICE_|RUNTIME_MISSING|MODEL_NOT_FOUND|MODEL_FILE_|POST_PROCESSING_)/;
const INPUTS = /^(PICTURE_|NPY_|TENSOR_SHAPE|INPUTS?_FAILED)/;

/** The exit code for an error. */
export function exitCodeOf(error: unknown): number {
  if (isAbort(error)) return EXIT.interrupted;
  if (!isSeewhyError(error)) return EXIT.model;
  if (USAGE.test(error.code)) return EXIT.usage;
  if (INPUTS.test(error.code)) return EXIT.inputs;
  return EXIT.model;
}

/** True for what an AbortSignal throws. */
export const isAbort = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'AbortError' || (error as { code?: string }).code === 'ABORTED');

/** The system's own error code (`ENOENT` …), or an empty string. */
export const systemCode = (error: unknown): string =>
  error !== null && typeof error === 'object' && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** One error as the command line prints it: what, where and cure, then the stack when `SEEWHY_DEBUG` is set. */
export function describeError(error: unknown): string {
  if (isSeewhyError(error)) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  return `seewhy stopped on something it did not expect: ${message.split('\n')[0]}. Set SEEWHY_DEBUG=1 to see where, and please report it.`;
}
