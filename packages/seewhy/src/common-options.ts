import { Option } from '@commander-js/extra-typings';
import { FUSIONS, names, oneOf, pixelWindow, SCORES, whole } from './options.ts';

/** What several verbs take, in the same words. */

export const MODEL = 'an .onnx, .keras or .h5 file, or a TensorFlow.js model';

export const methodOption = () =>
  new Option('-m, --method <names>', 'methods, separated by commas (default: gradcam)').argParser(names('--method'));

export const layerOption = () =>
  new Option('-l, --layer <names>', 'layers, separated by commas (default: the last spatial one)').argParser(
    names('--layer'),
  );

export const scoreOption = () =>
  new Option('--score <kind>', 'logit, probability, log-odds (default: logit)').argParser(oneOf('--score', SCORES));

export const fusionOption = () =>
  new Option('--fusion <how>', 'how several layers become one map: max, mean, product (default: max)').argParser(
    oneOf('--fusion', FUSIONS),
  );

export const levelsOption = () =>
  new Option(
    '--levels <what>',
    'values of 16-bit and DICOM pictures: auto, full, range, or LOW,HIGH (default: auto)',
  ).argParser(pixelWindow);

export const maxPixelsOption = () =>
  new Option('--max-pixels <n>', 'refuse pictures larger than this (default: 100000000)').argParser(
    whole('--max-pixels', 1, Number.MAX_SAFE_INTEGER),
  );
