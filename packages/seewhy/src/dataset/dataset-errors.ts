import { didYouMean, SeewhyError } from '@seewhy/onnx';
import type { AuditProblemRow } from './contract.ts';

const MOST_SHOWN = 200;

/** Text of a stranger within a sentence: on one line, and not longer than one. */
export const shown = (text: string): string => {
  const line = text.replace(/\p{Cc}/gu, '?');
  return line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)}…` : line;
};

const list = (names: readonly string[]): string => {
  const some = names.slice(0, 12).map((name) => `'${shown(name)}'`);
  return names.length > some.length ? `${some.join(', ')} and ${names.length - some.length} more` : some.join(', ');
};

/** What a delimiter is called. */
export const delimiterName = (delimiter: string): string =>
  ({ '\t': 'a tab', ' ': 'a blank' })[delimiter] ?? `'${delimiter}'`;

/** What can be wrong with a data set: as a whole (`DATASET_*`, `MANIFEST_INVALID`), or with one row or file of it. */
export const datasetErrors = {
  missing: (path: string, near: readonly string[]) =>
    new SeewhyError({
      code: 'DATASET_NOT_FOUND',
      what: `There is no data set '${shown(path)}'`,
      cure:
        didYouMean(path, near) ||
        "Give a folder, a manifest (.csv, .tsv, .jsonl, .parquet), COCO annotations (.json), YOLO's data.yaml, a zip or a DICOM file.",
    }),
  unknown: (path: string) =>
    new SeewhyError({
      code: 'DATASET_UNKNOWN',
      what: `'${shown(path)}' is no data set that seewhy knows`,
      cure: "Give a folder, a manifest (.csv, .tsv, .jsonl, .parquet), COCO annotations (.json), YOLO's data.yaml, a zip or a DICOM file.",
    }),
  empty: (path: string, detail = 'holds no pictures') =>
    new SeewhyError({
      code: 'DATASET_EMPTY',
      what: `'${shown(path)}' ${detail}`,
      cure: 'A data set has a folder a class with pictures in it, or a manifest with one row a picture.',
    }),
  manifest: (path: string, detail: string, cure = 'A manifest has one row a picture and a column named path.') =>
    new SeewhyError({ code: 'MANIFEST_INVALID', what: `The manifest '${shown(path)}' ${detail}`, cure }),
  manifestEmpty: (path: string, detail = 'is empty') =>
    new SeewhyError({
      code: 'DATASET_EMPTY',
      what: `The manifest '${shown(path)}' ${detail}`,
      cure: 'A manifest has one row a picture and a column named path.',
    }),
  noYolo: (path: string, root: string) =>
    new SeewhyError({
      code: 'DATASET_EMPTY',
      what: `'${shown(root)}' holds no pictures with YOLO labels, which '${shown(path)}' describes`,
      cure: 'Name the folder that holds images and labels with --image-root.',
    }),
  severalManifests: (path: string, names: readonly string[]) =>
    new SeewhyError({
      code: 'DATASET_AMBIGUOUS',
      what: `'${shown(path)}' holds several manifests: ${list(names)}`,
      cure: 'Give one of them instead of the folder.',
    }),
  noPathColumn: (path: string, columns: readonly string[], hint: string) =>
    new SeewhyError({
      code: 'MANIFEST_INVALID',
      what: `The manifest '${shown(path)}' has no column that names the pictures (it has ${list(columns) || 'no columns'})`,
      cure: hint || 'Name it path, file, file_name or image, or say which column it is.',
    }),
  noColumn: (path: string, role: string, name: string, columns: readonly string[]) =>
    new SeewhyError({
      code: 'MANIFEST_INVALID',
      what: `The manifest '${shown(path)}' has no column '${shown(name)}' for ${role}`,
      cure: [didYouMean(name, columns), `It has ${list(columns)}.`].filter(Boolean).join(' '),
    }),
  delimiter: (path: string, given: string, better: string) =>
    new SeewhyError({
      code: 'MANIFEST_INVALID',
      what: `The cells of '${shown(path)}' are not separated by ${delimiterName(given)}`,
      cure: `${delimiterName(better).replace(/^./, (first) => first.toUpperCase())} would fit.`,
    }),
  notText: (path: string) =>
    new SeewhyError({
      code: 'MANIFEST_INVALID',
      what: `The manifest '${shown(path)}' is not a text file`,
      cure: 'Save it as UTF-8 text (.csv, .jsonl), or give it the ending .parquet.',
    }),
  json: (path: string, detail: string, cause?: unknown) =>
    new SeewhyError({
      code: 'MANIFEST_INVALID',
      what: `'${shown(path)}' ${detail}`,
      cure: 'COCO annotations are one JSON object with the lists images, annotations and categories; a manifest is a JSON list of objects with a path.',
      cause,
    }),
  tooLarge: (path: string, detail: string, cure: string) =>
    new SeewhyError({ code: 'DATASET_TOO_LARGE', what: `'${shown(path)}' ${detail}`, cure }),

  pictureMissing: (path: string) =>
    new SeewhyError({
      code: 'PICTURE_MISSING',
      what: `There is no picture '${shown(path)}'`,
      cure: 'Check the path; --image-root names the folder that the paths of a manifest start from.',
    }),
  pictureAmbiguous: (path: string, found: readonly string[]) =>
    new SeewhyError({
      code: 'PICTURE_AMBIGUOUS',
      what: `There is no picture '${shown(path)}' where the manifest says, and several of that name elsewhere: ${list(found)}`,
      cure: 'Write their folders into the manifest, or name the right one with --image-root.',
    }),
  pathEmpty: (line: string) =>
    new SeewhyError({ code: 'PATH_EMPTY', what: 'The row names no picture', where: line, cure: 'Fill in its path.' }),
  pathInvalid: (path: string, detail: string) =>
    new SeewhyError({
      code: 'PATH_INVALID',
      what: `'${shown(path)}' ${detail}`,
      cure: 'Give the path of a file below the manifest.',
    }),
  pathIsAddress: (path: string) =>
    new SeewhyError({
      code: 'PATH_IS_ADDRESS',
      what: `'${shown(path)}' is an address, and seewhy never downloads`,
      cure: 'Download the pictures first.',
    }),
  pathOutside: (path: string, root: string, how: string) =>
    new SeewhyError({
      code: 'PATH_OUTSIDE',
      what: `'${shown(path)}' ${how} '${shown(root)}'`,
      cure:
        how === 'lies outside'
          ? 'Allow the folder that it lies in with --image-root; if it is a path of another machine, write it as seen from the manifest.'
          : 'Allow the folder that it lies in with --image-root.',
    }),
  pathOutsideZip: (path: string) =>
    new SeewhyError({
      code: 'PATH_OUTSIDE',
      what: `'${shown(path)}' leads out of the zip`,
      cure: 'Put the picture into the zip, below its manifest.',
    }),
  fileUnreadable: (path: string, detail: string, cause?: unknown) =>
    new SeewhyError({
      code: 'PICTURE_UNREADABLE',
      what: `'${shown(path)}' ${detail}`,
      cure: 'Check the file, its permissions and the disk.',
      cause,
    }),
  imageRootMissing: (path: string) =>
    new SeewhyError({
      code: 'DATASET_NOT_FOUND',
      what: `--image-root '${shown(path)}' is not a folder`,
      cure: 'Give the folder that the paths of the manifest start from.',
    }),
  imageRootOfZip: () =>
    new SeewhyError({
      code: 'OPTION_INVALID',
      what: '--image-root does not go with a zip, whose pictures lie in it',
      cure: 'Leave it out, or unpack the zip.',
    }),

  idTwice: (id: string, kept: string) =>
    new SeewhyError({
      code: 'ID_TWICE',
      what: `The id '${shown(id)}' is that of several pictures; the one whose path sorts first is kept, '${shown(kept)}'`,
      cure: 'Make the ids unique, or choose another column with --id.',
    }),
  rowTwice: (path: string) =>
    new SeewhyError({
      code: 'ID_TWICE',
      what: `The picture '${shown(path)}' stands in several rows; the fullest of them is kept`,
      cure: 'Leave the others out.',
    }),
  annotatedTwice: (path: string) =>
    new SeewhyError({
      code: 'ID_TWICE',
      what: `The picture '${shown(path)}' has several annotation files; the one whose path sorts first is used`,
      cure: 'Put its objects into one file.',
    }),
  idEmpty: (line: string) =>
    new SeewhyError({ code: 'ID_EMPTY', what: 'The row has no id', where: line, cure: 'Fill it in.' }),
  row: (line: string, detail: string) =>
    new SeewhyError({ code: 'ROW_INVALID', what: `The row ${detail}`, where: line, cure: 'Correct the manifest.' }),

  annotation: (path: string, detail: string, cause?: unknown, cure = 'Write it again.') =>
    new SeewhyError({
      code: 'ANNOTATION_INVALID',
      what: `The annotation '${shown(path)}' ${detail}`,
      cure,
      cause,
    }),
  maskMissing: (path: string) =>
    new SeewhyError({ code: 'MASK_MISSING', what: `There is no mask '${shown(path)}'`, cure: 'Check its path.' }),
  maskInvalid: (where: string, detail: string, cause?: unknown) =>
    new SeewhyError({
      code: 'MASK_INVALID',
      what: `The mask cannot be used: ${detail}`,
      where: shown(where),
      cure: 'Check the annotation.',
      cause,
    }),
  maskSize: (where: string, mask: string, picture: string) =>
    new SeewhyError({
      code: 'MASK_SIZE',
      what: `The mask is of ${mask} pixels, the picture of ${picture}: the sides are not in the same proportion`,
      where: shown(where),
      cure: 'Give the mask that belongs to this picture.',
    }),

  zip: (path: string, detail: string, cause?: unknown) =>
    new SeewhyError({
      code: 'ZIP_INVALID',
      what: `The zip '${shown(path)}' cannot be read: ${detail}`,
      cure: 'Copy or download it again, or unpack it and give the folder.',
      cause,
    }),
  zipEntry: (entry: string, detail: string, cause?: unknown) =>
    new SeewhyError({
      code: 'ZIP_ENTRY_INVALID',
      what: `'${shown(entry)}' in the zip ${detail}`,
      cure: 'Unpack the archive with another program and give the folder.',
      cause,
    }),
};

/** An error as a row of the list of problems. What is no error of ours is not swallowed. */
export function problemOf(error: unknown, where: string): AuditProblemRow {
  if (!(error instanceof SeewhyError)) throw error;
  return {
    code: error.code,
    where: shown(where),
    what: error.cure ? `${error.what}. ${error.cure}` : `${error.what}.`,
  };
}
