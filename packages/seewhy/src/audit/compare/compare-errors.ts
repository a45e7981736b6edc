import { didYouMean, SeewhyError } from '@seewhy/onnx';
import { shownName } from '../panels/captions.ts';

const some = (names: readonly string[], most = 6): string => {
  const shown = names.slice(0, most).map((name) => `'${shownName(name)}'`);
  return names.length > most ? `${shown.join(', ')} and ${names.length - most} more` : shown.join(', ');
};

/** Every message of the comparison: what is wrong, where, what to do. */
export const compareErrors = {
  noRun: (folder: string, detail: string, near: readonly string[] = []) =>
    new SeewhyError({
      code: 'COMPARE_NO_RUN',
      what: `'${folder}' ${detail}`,
      cure: didYouMean(folder, near) || "Give two folders that 'seewhy audit' has written.",
    }),
  unfinished: (folder: string, status: string) =>
    new SeewhyError({
      code: 'COMPARE_UNFINISHED',
      what: `The audit in '${folder}' is not finished (${status})`,
      cure: "Finish it first: the same 'seewhy audit' command with --resume.",
    }),
  damaged: (file: string, detail: string) =>
    new SeewhyError({
      code: 'COMPARE_RUN_DAMAGED',
      what: `'${file}' is not what an audit writes: ${detail}`,
      cure: 'It was changed or cut off afterwards: copy the run folder again, or repeat the audit.',
    }),
  sameRun: (folder: string) =>
    new SeewhyError({
      code: 'COMPARE_SAME_RUN',
      what: `Both runs are the same folder, '${folder}'`,
      cure: 'Name two different run folders.',
    }),
  tasks: (a: string, b: string) =>
    new SeewhyError({
      code: 'COMPARE_TASKS',
      what: `The runs decide differently: A is ${a}, B is ${b}`,
      cure: 'Compare runs of models with the same kind of head.',
    }),
  classes: (onlyA: readonly string[], onlyB: readonly string[]) =>
    new SeewhyError({
      code: 'COMPARE_CLASSES',
      what: `The class lists differ: ${[
        ...(onlyA.length > 0 ? [`only A has ${some(onlyA)}`] : []),
        ...(onlyB.length > 0 ? [`only B has ${some(onlyB)}`] : []),
      ].join(', ')}`,
      cure: 'Audit both models with the same class names: --labels FILE names the classes of a model.',
    }),
  positive: (a: string, b: string) =>
    new SeewhyError({
      code: 'COMPARE_POSITIVE',
      what: `The runs look for different classes: A for '${shownName(a)}', B for '${shownName(b)}'`,
      cure: 'Audit both with the same --positive CLASS.',
    }),
  nothingJoined: (a: { folder: string; example: string }, b: { folder: string; example: string }, by: string) =>
    new SeewhyError({
      code: 'COMPARE_NOTHING_JOINED',
      what: `The runs have no picture in common by ${by}: A has ids such as '${shownName(a.example)}', B such as '${shownName(b.example)}'`,
      cure: 'Audit the same data set with both models; --id COLUMN says where the ids stand.',
    }),
  method: (name: string, shared: readonly string[]) =>
    new SeewhyError({
      code: 'OPTION_INVALID',
      what: `--method: the runs have no maps of '${name}' in common`,
      cure: [didYouMean(name, shared), shared.length > 0 ? `Both have ${shared.join(', ')}.` : 'They share no method.']
        .filter(Boolean)
        .join(' '),
    }),
  folderTaken: (folder: string) =>
    new SeewhyError({
      code: 'OUTPUT_EXISTS',
      what: `'${folder}' holds files that are not a comparison's`,
      cure: 'Choose another folder with --out.',
    }),
  gateField: (name: string, choices: readonly string[]) =>
    new SeewhyError({
      code: 'GATE_INVALID',
      what: `--fail-on knows no figure '${name}' of this comparison`,
      cure: `${didYouMean(name, choices)} Figures: ${choices.slice(0, 24).join(', ')}${choices.length > 24 ? ' …' : ''}.`.trim(),
    }),
};
