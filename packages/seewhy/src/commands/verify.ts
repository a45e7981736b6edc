import {
  noiseImage,
  preprocessPicture,
  type RunTensor,
  type ScoreKind,
  type VerifyPlace,
  type VerifyReport,
  verify as verifyModel,
} from '@seewhy/core';
import { EXIT, errors } from '../errors.ts';
import { interruptible } from '../interrupt.ts';
import { imageTensorOf, type OpenedModel, openModel } from '../open-model.ts';
import { loadOptions, type ModelOptions } from '../options.ts';
import { decodePicture } from '../picture/decode.ts';
import { startProgress } from '../progress.ts';
import { findSources } from '../sources.ts';
import { err, out, print, say, table, wrap } from '../talk.ts';
import { plainTargets } from '../targets.ts';

interface VerifyCommandOptions extends ModelOptions {
  target?: string[];
  score?: ScoreKind;
  directions?: number;
  tolerance?: number;
  seed?: number;
  json?: true;
}

/** `seewhy verify MODEL [SOURCE]`: exit 1 when the gradients are wrong, or could not be shown to be right. */
export async function verify(path: string, source: string | undefined, options: VerifyCommandOptions): Promise<number> {
  const opened = await openModel(path, loadOptions(options));
  const { model } = opened;
  const targets = plainTargets(options.target ?? ['top'], model);
  if (targets.length !== 1) throw errors.optionClash('verify checks one target', 'Give one class.');
  const { tensor, from } = await inputOf(opened, source, options.seed ?? 0);
  const directions = options.directions ?? 6;
  const progress = startProgress({ total: directions * 2, unit: 'directions', quiet: options.quiet === true });
  const report = await interruptible((signal) =>
    verifyModel(model, tensor, {
      target: targets[0]!,
      ...(options.score ? { score: options.score } : {}),
      directions,
      ...(options.tolerance === undefined ? {} : { tolerance: options.tolerance }),
      seed: options.seed ?? 0,
      original: opened.source,
      signal,
      onProgress: () => progress.tick(),
    }),
  ).finally(() => progress.end());
  if (!options.quiet) for (const notice of opened.notices) say(err.dim(notice));
  if (options.json)
    print(
      JSON.stringify(
        { schema: 'seewhy/verify/v1', model: path, input: from, runtime: model.runtime.name, ...report },
        null,
        2,
      ),
    );
  else print(page(report, path, from, model.runtime.name));
  return report.passed ? EXIT.ok : EXIT.gate;
}

async function inputOf(
  opened: OpenedModel,
  source: string | undefined,
  seed: number,
): Promise<{ tensor: RunTensor; from: string }> {
  const { model } = opened;
  if (source === undefined) return { tensor: noiseImage(model, seed), from: `seeded noise (seed ${seed})` };
  const { sources } = await findSources([source]);
  const first = sources[0]!;
  if (sources.length > 1)
    throw errors.optionClash(`'${source}' names ${sources.length} pictures`, 'verify checks one: give a single file.');
  const bytes = await first.read();
  if (first.kind === 'tensor') {
    const tensor = imageTensorOf(bytes, first.path, model);
    if (tensor.dims[0] !== 1)
      throw errors.tensor(first.path, `holds ${tensor.dims[0]} items`, 'verify checks one item.');
    return { tensor, from: first.path };
  }
  const picture = await decodePicture(bytes, { name: first.path });
  const { tensor } = preprocessPicture(picture, opened.preprocess, {
    width: model.image.width,
    height: model.image.height,
  });
  return { tensor, from: first.path };
}

const number = (value: number) =>
  value === 0 ? '0' : Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5 ? value.toPrecision(5) : value.toExponential(3);
const share = (value: number) => (Number.isFinite(value) ? `${(value * 100).toPrecision(2)} %` : '∞');

function page(report: VerifyReport, path: string, from: string, runtime: string): string {
  const { target, tolerance } = report;
  const plain = target.text === target.label && target.index >= 0;
  const name = plain
    ? `class ${target.index}${target.label === `class ${target.index}` ? '' : ` ${target.label}`}`
    : target.text;
  const lines = [
    `${out.bold(path)} on ${from}`,
    out.dim(`${name}, ${target.score} ${number(target.value)} · ${runtime}`),
    '',
    out.bold('The explained model predicts what the plain model predicts'),
    `  ${mark(report.prediction.passed)} largest difference ${number(report.prediction.largestDifference)} (${share(report.prediction.relative)} of the largest output)`,
  ];
  for (const place of report.places) lines.push('', ...placeLines(place, tolerance));
  lines.push('', out.bold('Completeness: gradient × activation adds up to the score'));
  const { completeness } = report;
  if (completeness.applies) {
    lines.push(
      `  ${mark(completeness.passed)} at ${completeness.layer}: Σ gradient·A = ${number(completeness.sum)}, f(A) − f(0) = ${number(completeness.difference)} (${share(completeness.error)} apart)`,
    );
  } else lines.push(`  ${out.dim('–')} does not apply: ${completeness.reason}`);
  for (const note of report.notes) lines.push('', wrap(note, 110));
  lines.push('', verdict(report));
  return lines.join('\n');
}

const mark = (passed: boolean) => (passed ? out.green('✓') : out.red('✗'));

function placeLines(place: VerifyPlace, tolerance: number): string[] {
  const title =
    place.place === 'image' ? `Gradient at the image input '${place.name}'` : `Gradient at the layer ${place.name}`;
  const kinked = place.directions.filter((direction) => direction.verdict === 'kinked');
  const rows = place.directions.map((direction) => [
    direction.verdict === 'agrees' ? out.green('✓') : direction.verdict === 'differs' ? out.red('✗') : out.yellow('?'),
    direction.kind,
    number(direction.analytic),
    number(direction.numeric),
    share(direction.error),
    out.dim(direction.step.toExponential(1)),
    out.dim(`± ${share(direction.resolution)}`),
  ]);
  const head = ['', 'direction', 'graph', 'finite difference', 'apart', 'step', 'known to'].map((text) =>
    out.dim(text),
  );
  const lines = [out.bold(title), table([head, ...rows], 2, '  ')];
  const shown = kinked[0] ?? place.directions.find((direction) => direction.verdict === 'differs');
  if (shown) {
    lines.push(
      kinked.length > 0
        ? `  ${out.yellow('?')} the score bends or rounds at every step there (ReLU flips, float32), so no step settles within ${share(tolerance)}. One of them, step by step:`
        : '  The largest disagreement, step by step:',
      table(
        shown.steps.map(({ step, numeric, error }) => [
          `step ${step.toExponential(1)}`,
          number(numeric),
          `${share(error)} from ${number(shown.analytic)}`,
        ]),
        2,
        '      ',
      ),
    );
  }
  return lines;
}

function verdict(report: VerifyReport): string {
  const told = report.places.flatMap((place) => place.directions).filter((direction) => direction.verdict !== 'kinked');
  const largest = told.reduce((most, direction) => Math.max(most, direction.error), 0);
  const how = wrap(
    `For each direction v the slope of the plain model's score was measured by moving its input, (f(x+hv) − f(x−hv)) / 2h, and compared with Σ gradient·v from the explained graph. Each step was repeated at half its length, which gives the uncertainty; the longest step that agrees with all shorter ones counts, chosen without a look at the gradient. Tolerance ${share(report.tolerance)}: what float32 and the bends of a network leave (random directions, which move every pixel for little slope, may be ten times as far apart); a wrong backward rule is off by far more.`,
    110,
  );
  if (report.verdict === 'correct') {
    return `${out.green(out.bold('CORRECT'))}  ${told.length} directions agree, the largest error is ${share(largest)}.\n${out.dim(how)}`;
  }
  if (report.verdict === 'undecided') {
    return `${out.yellow(out.bold('UNDECIDED'))}  Too few directions could be measured on this input: nothing is shown to be wrong, nothing to be right. Try another picture, or a larger --tolerance.\n${out.dim(how)}`;
  }
  return `${out.red(out.bold('WRONG'))}  The explained graph and the plain model disagree. Please report it with the model's architecture.\n${out.dim(how)}`;
}
