import { didYouMean, SeewhyError } from '@seewhy/onnx';

const some = (names: readonly string[], most = 8): string =>
  names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;

/** Every message of the audit: what is wrong, where, what to do. */
export const auditErrors = {
  notAClassifier: (output: string, detail: string) =>
    new SeewhyError({
      code: 'AUDIT_HEAD',
      what: `The output '${output}' is not that of a classifier: ${detail}`,
      cure: "An audit takes one score a class. Name another output with --output; 'seewhy inspect MODEL' lists them.",
    }),
  activationUnfit: (asked: string, output: string, found: string) =>
    new SeewhyError({
      code: 'AUDIT_HEAD',
      what: `--activation ${asked} does not fit: the output '${output}' ${found}`,
      cure: 'Leave --activation out; what the graph ends in is used.',
    }),
  noClassFits: (labels: readonly string[], classes: readonly string[], near: string, columns: readonly string[] = []) =>
    new SeewhyError({
      code: 'AUDIT_CLASSES',
      what: `None of the data set's labels (${some(labels)}) is a class of the model (${some(classes)})`,
      cure: [
        near,
        "Say which is which with --class-map FILE: a JSON object or a CSV of two columns, from the data set's name to the model's class.",
        ...(columns.length > 0
          ? [`Or another column holds the labels: ${columns.map((name) => `--column label=${name}`).join(' or ')}.`]
          : []),
      ]
        .join(' ')
        .trim(),
    }),
  classMap: (
    path: string,
    detail: string,
    cure = 'Each entry leads from a label of the data set to a class of the model, by name or index; null leaves a label out.',
  ) => new SeewhyError({ code: 'AUDIT_CLASS_MAP', what: `The class map '${path}' ${detail}`, cure }),
  classUnknown: (flag: string, name: string, classes: readonly string[]) =>
    new SeewhyError({
      code: 'AUDIT_CLASS_UNKNOWN',
      what: `${flag} names no class of the model: '${name}'`,
      cure: [didYouMean(name, classes), `Classes: ${some(classes)}.`].filter(Boolean).join(' '),
    }),
  needsBinary: (flag: string, task: string) =>
    new SeewhyError({
      code: 'AUDIT_NOT_BINARY',
      what: `${flag} is for models that decide between two classes; this head is ${task}`,
      cure: `Leave ${flag} out, or name a class with --target NAME.`,
    }),
  splitUnknown: (name: string, splits: readonly string[]) =>
    new SeewhyError({
      code: 'AUDIT_SPLIT_UNKNOWN',
      what: splits.length > 0 ? `No row belongs to the split '${name}'` : `--split ${name}: the data set has no splits`,
      cure:
        splits.length > 0
          ? [didYouMean(name, splits), `Splits: ${some(splits)}.`].filter(Boolean).join(' ')
          : 'Leave --split out, or name the column that holds them with --column split=NAME.',
    }),
  groupUnknown: (name: string, near: readonly string[]) =>
    new SeewhyError({
      code: 'AUDIT_PATIENT_UNKNOWN',
      what: near.length > 0 ? `No picture belongs to '${name}'` : `--patient ${name}: the data set has no groups`,
      cure:
        near.length > 0
          ? [didYouMean(name, near), `Groups: ${some(near)}.`].filter(Boolean).join(' ')
          : 'Name the column that holds them with --column group=NAME.',
    }),
  noRows: (path: string, detail: string) =>
    new SeewhyError({
      code: 'AUDIT_NO_ROWS',
      what: `There is nothing to audit in '${path}': ${detail}`,
      cure: 'Look at the rows named; --column, --image-root and --split change what is read.',
    }),
  allFailed: (path: string, first: string) =>
    new SeewhyError({
      code: 'INPUTS_FAILED',
      what: `No picture of '${path}' could be predicted${first === '' ? '' : `; the first that failed is ${first.replace(/\.$/, '')}`}`,
      cure: 'Look at the rows named; --column and --image-root change what is read.',
    }),
  isRun: (folder: string) =>
    new SeewhyError({
      code: 'AUDIT_FOLDER_TAKEN',
      what: `'${folder}' holds files that are not an audit's`,
      cure: 'Choose another folder with --out.',
    }),
  locked: (folder: string, pid: number, host: string) =>
    new SeewhyError({
      code: 'AUDIT_FOLDER_LOCKED',
      what: `Another audit is writing to '${folder}' (process ${pid}${host === '' ? '' : ` on ${host}`})`,
      cure: 'Wait for it, or choose another folder with --out.',
    }),
  differs: (folder: string, differences: readonly string[]) =>
    new SeewhyError({
      code: 'AUDIT_RUN_DIFFERS',
      what: `'${folder}' holds another run: ${differences.join('; ')}`,
      cure: 'Go on with the same model, data set and options, or leave --resume out to begin a new run.',
    }),
  journal: (path: string, line: number) =>
    new SeewhyError({
      code: 'AUDIT_JOURNAL_DAMAGED',
      what: `Line ${line} of '${path}' cannot be read`,
      cure: 'Something else has written into it. Begin a new run: leave --resume out.',
    }),
  chooser: (text: string) =>
    new SeewhyError({
      code: 'OPTION_INVALID',
      what: `--explain does not take '${text}'`,
      cure: [
        didYouMean(text, ['all', 'errors', 'panel']),
        'It takes all, errors, panel, or a number of pictures a cell.',
      ]
        .filter(Boolean)
        .join(' '),
    }),
  column: (text: string, roles: readonly string[]) =>
    new SeewhyError({
      code: 'OPTION_INVALID',
      what: `--column does not take '${text}'`,
      cure: [
        didYouMean(text.split('=')[0] ?? '', roles),
        `It takes ROLE=NAME, where the role is one of ${roles.join(', ')}.`,
      ]
        .filter(Boolean)
        .join(' '),
    }),
  bytes: (flag: string, text: string) =>
    new SeewhyError({
      code: 'OPTION_INVALID',
      what: `${flag} does not take '${text}'`,
      cure: 'It takes a size such as 60MB, 500kB or 1GB.',
    }),
};
