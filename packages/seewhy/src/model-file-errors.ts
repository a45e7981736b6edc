import { SeewhyError } from '@seewhy/onnx';

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
const reason = (cause: unknown) => (cause as NodeJS.ErrnoException)?.code ?? 'unknown reason';

/** What can go wrong with a model on disk: each with a stable code, the file, and what to do. */
export const modelFileErrors = {
  missing: (path: string, cause: unknown) =>
    new SeewhyError({
      code: 'MODEL_FILE_MISSING',
      what: `The model '${path}' cannot be found`,
      where: reason(cause),
      cure: 'Check the path.',
      cause,
    }),
  special: (path: string) =>
    new SeewhyError({
      code: 'MODEL_FILE_SPECIAL',
      what: `'${path}' is no file but a folder, pipe or device`,
      cure: 'Give the path of an .onnx file.',
    }),
  unreadable: (path: string, cause: unknown) =>
    new SeewhyError({
      code: 'FILE_UNREADABLE',
      what: `'${path}' cannot be read`,
      where: reason(cause),
      cure: 'Check its permissions.',
      cause,
    }),
  tooLargeToRead: (path: string, size: number) =>
    new SeewhyError({
      code: 'MODEL_TOO_LARGE',
      what: `'${path}' has ${gigabytes(size)}; an ONNX file ends at 2 GB, the limit of protobuf`,
      cure: 'Save the model with external data.',
    }),
  tooLargeToWrite: (path: string, size: number) =>
    new SeewhyError({
      code: 'MODEL_TOO_LARGE',
      what: `The weights of '${path}' take ${gigabytes(size)}; a single ONNX file ends at 2 GB, the limit of protobuf`,
      cure: 'Allow a weights file next to it (external data).',
    }),
  shrank: () =>
    new SeewhyError({
      code: 'FILE_UNREADABLE',
      what: 'A file became shorter while it was read',
      cure: 'Wait until it is written completely and try again.',
    }),
  weightsMissing: (tensor: string, location: string, path: string, cause: unknown) =>
    new SeewhyError({
      code: 'EXTERNAL_DATA_MISSING',
      what: `The weights file '${location}' is not there`,
      where: `tensor '${tensor}', looked for as ${path}`,
      cure: `Put '${location}' next to the model file.`,
      cause,
    }),
  weightsEscape: (location: string, real: string) =>
    new SeewhyError({
      code: 'EXTERNAL_DATA_ESCAPES',
      what: `The weights file '${location}' is a link that leaves the folder of the model`,
      where: real,
      cure: "Weights are only read from the model's own folder; put a copy there.",
    }),
  weightsSpecial: (location: string) =>
    new SeewhyError({
      code: 'EXTERNAL_DATA_SPECIAL',
      what: `The weights file '${location}' is no file but a folder, pipe or device`,
      cure: 'Export the model again.',
    }),
  weightsBeyond: (tensor: string, location: string, begin: number, end: number, size: number | undefined) =>
    new SeewhyError({
      code: 'EXTERNAL_DATA_BEYOND',
      what: `The weights file '${location}' is too short: bytes ${begin} to ${end} are asked for${size === undefined ? '' : `, it has ${size}`}`,
      ...(tensor === '' ? {} : { where: `tensor '${tensor}'` }),
      cure: 'Copy or download the weights file again; it may be incomplete or belong to another model.',
    }),
  noFolder: (folder: string, cause: unknown) =>
    new SeewhyError({
      code: 'OUTPUT_FOLDER_MISSING',
      what: `The folder '${folder}' cannot be found`,
      where: reason(cause),
      cure: 'Create it first.',
      cause,
    }),
  outputExists: (path: string) =>
    new SeewhyError({ code: 'OUTPUT_EXISTS', what: `'${path}' exists already`, cure: 'Use --force to overwrite it.' }),
  outputSpecial: (path: string) =>
    new SeewhyError({
      code: 'OUTPUT_SPECIAL',
      what: `'${path}' is a folder, pipe or device`,
      cure: 'Give the path of a file.',
    }),
  unwritable: (path: string, cause: unknown) =>
    new SeewhyError({
      code: 'OUTPUT_UNWRITABLE',
      what: `'${path}' cannot be written`,
      where: reason(cause),
      cure:
        reason(cause) === 'ENOSPC' ? 'The disk is full: make room and try again.' : 'Choose a folder you may write to.',
      cause,
    }),
};
