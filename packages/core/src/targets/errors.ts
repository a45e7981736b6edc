import { didYouMean, SeewhyError } from '@seewhy/onnx';
import { quoted } from '../errors.ts';

/** The names of a class, as ImageNet's labels have them: 'tabby, tabby cat'. */
const synonyms = (label: string): string[] => label.split(/,\s*/);

/** What can be wrong with a target. */
export const targetErrors = {
  unknownLabel: (text: string, labels: readonly string[] | undefined, classes: number) =>
    new SeewhyError({
      code: 'TARGET_UNKNOWN',
      what: labels
        ? `There is no class '${text}'`
        : `'${text}' is not a class index, and the model's labels are not known`,
      cure: labels
        ? `${didYouMean(text, labels.flatMap(synonyms)) || `The model has ${classes} classes.`}`
        : `Give an index from 0 to ${classes - 1}, or the labels with --labels FILE.`,
    }),
  ambiguousLabel: (text: string, matches: readonly string[]) =>
    new SeewhyError({
      code: 'TARGET_AMBIGUOUS',
      what: `'${text}' fits several classes: ${quoted(matches)}`,
      cure: 'Write the label in full, or give the index.',
    }),
  targetRange: (index: number, classes: number) =>
    new SeewhyError({
      code: 'TARGET_OUT_OF_RANGE',
      what: `Class ${index} does not exist: the model has ${classes} classes`,
      cure: `Give an index from 0 to ${classes - 1}.`,
    }),
  topRange: (count: number, classes: number) =>
    new SeewhyError({
      code: 'TARGET_OUT_OF_RANGE',
      what: `The ${count} best classes were asked for: the model has ${classes} ${classes === 1 ? 'class' : 'classes'}`,
      cure: classes === 1 ? "Ask for 'top'." : `Ask for 'top:${classes}' at most, or for 'all'.`,
    }),
  targetCount: (targets: number, items: number) =>
    new SeewhyError({
      code: 'TARGET_COUNT',
      what: `${targets} targets were given for ${items} pictures`,
      cure: 'Give one target a picture, or one for all.',
    }),
  targetFunction: (name: string, why: string) =>
    new SeewhyError({
      code: 'TARGET_FUNCTION_INVALID',
      what: `The function '${name}' ${why}`,
      cure: 'It must append standard operators to the graph and return a float value with one number a picture, [N].',
    }),
  targetNeedsForm: (kind: string) =>
    new SeewhyError({
      code: 'TARGET_NOT_COMPILABLE',
      what: `A target that is a ${kind} is built when a program is opened`,
      cure: "Use 'explain' or 'ExplainProgram', or compile a class, a contrast, a region, an element or a similarity.",
    }),
  targetNoClass: (method: string) =>
    new SeewhyError({
      code: 'TARGET_NOT_A_CLASS',
      what: `'${method}' works with the classes of the explained output, and the target is another value`,
      cure: 'Use gradcam or saliency for it, or explain a class.',
    }),
  targetScore: (score: string, why: string) =>
    new SeewhyError({
      code: 'TARGET_SCORE_IMPOSSIBLE',
      what: `There is no ${score} to explain: ${why}`,
      cure: "Leave --score at 'logit'.",
    }),
  scoreNotANumber: (asked: string) =>
    new SeewhyError({
      code: 'SCORE_NOT_A_NUMBER',
      what: `The score of the target '${asked}' is not a number`,
      cure: "Check the picture's preprocessing and the model: its output is NaN or infinite here.",
    }),
  similarVector: (name: string, why: string) =>
    new SeewhyError({
      code: 'TARGET_VECTOR_INVALID',
      what: `The vector of '${name}' ${why}`,
      cure: 'Give the vector that the explained output has for another picture (`similarTo` makes it).',
    }),
  maskSize: (text: string, found: string, expected: string) =>
    new SeewhyError({
      code: 'TARGET_MASK_SIZE',
      what: `The mask of '${text}' has ${found} pixels, not ${expected}`,
      cure: `Give a mask of ${expected}.`,
    }),
  maskEmpty: (text: string, why: string) =>
    new SeewhyError({
      code: 'TARGET_MASK_EMPTY',
      what: `The mask of '${text}' ${why}`,
      cure: 'Give a mask that is white (or 1) where the class is meant and black (0) elsewhere, without negative values.',
    }),
  noGrid: (text: string, output: string) =>
    new SeewhyError({
      code: 'TARGET_NO_GRID',
      what: `'${text}' names a place, and the output '${output}' has no positions on the picture's plane`,
      cure: 'Places are for segmentation outputs; explain the class itself.',
    }),
  listOfBoxes: (output: string, boxes: number, numbers: number, example: string) =>
    new SeewhyError({
      code: 'TARGET_IS_A_BOX',
      what: `The output '${output}' lists ${boxes} boxes of ${numbers} numbers each (where it is, how sure, which class), as detectors do: it has no score of a class for the whole picture`,
      cure: `Explain one number of one box, for example --target '${example}' (API: \`targets\`), or another output with --output.`,
    }),
  unknownValue: (name: string, known: readonly string[]) =>
    new SeewhyError({
      code: 'TARGET_VALUE_UNKNOWN',
      what: `The model has no value or layer '${name}'`,
      cure:
        didYouMean(name, known) || `Its outputs are ${quoted(known)}; 'seewhy inspect MODEL --all' lists the layers.`,
    }),
  elementPlace: (text: string, at: readonly number[], dims: string, why: string) =>
    new SeewhyError({
      code: 'TARGET_OUT_OF_RANGE',
      what: `'${text}': there is no [${at.join(', ')}] in ${dims} (${why})`,
      cure: 'Count from 0, one number for each dimension behind the batch.',
    }),
  badTarget: (text: string) =>
    new SeewhyError({
      code: 'TARGET_INVALID',
      what: `'${text}' is not a target`,
      cure: "Write 'top', 'top:3', 'all', 'runner-up', a class index, a label, 'A-B' for a contrast, 'A+B' for a sum, or OUTPUT[3] for a number of a value.",
    }),
};
