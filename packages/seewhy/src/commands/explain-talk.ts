import type { Destination } from '../output-files.ts';
import type { ExplanationRecord, FailureRecord } from '../schema.ts';
import type { Source } from '../sources.ts';
import { count, err, out, percent, print, say, sure } from '../talk.ts';

/** What is said less of, or to a program. */
export interface TalkOptions {
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly jsonl?: boolean;
}

/** How a run ended. */
export interface Ending {
  pictures: number;
  results: number;
  failures: readonly FailureRecord[];
  seconds: number;
  to: Destination;
  written: readonly string[];
  interrupted: boolean;
  gates: readonly { condition: string; failed: number }[];
}

/** Above this many pictures each gets one line, above the second none but warnings. */
const FULL = 6;
const LINES = 60;

/** Notes of what the line of the result says already: the class and the layer. */
const SHOWN = /^(Explained the class with|Layer |\d+ layers fused)/;

/** What people read: results on stdout (unless a program reads it), everything else on stderr. */
export class ExplainTalk {
  readonly #quiet: boolean;
  readonly #machine: boolean;
  readonly #total: number;
  #warned = 0;

  constructor(options: TalkOptions, total: number) {
    this.#quiet = options.quiet === true;
    this.#machine = options.json === true || options.jsonl === true;
    this.#total = total;
  }

  notice(text: string): void {
    if (!this.#quiet) say(err.dim(text));
  }

  picture(source: Source, records: readonly ExplanationRecord[]): void {
    if (this.#quiet) return;
    const first = records[0]!;
    const warnings = [
      ...new Set(
        records.flatMap((record) =>
          record.diagnosis.warnings.map((warning) => `${record.method}, ${record.target.text}: ${warning}`),
        ),
      ),
    ];
    if (!this.#machine && this.#total <= FULL) {
      print(out.bold(source.path));
      print(
        `  ${first.predictions.map((one) => `${out.dim(String(one.index))} ${one.label} ${sure(one)}`).join(out.dim(' · '))}`,
      );
      for (const record of records) {
        const at =
          record.layers.length > 0 ? out.dim(` at ${record.layers.map((layer) => layer.name).join(', ')}`) : '';
        const files = Object.values(record.files);
        print(
          `  ${record.method} for ${targetText(record)}${at}${sampled(record)}${files.length > 0 ? ` → ${files[0]}${files.length > 1 ? out.dim(` and ${files.length - 1} more`) : ''}` : ''}`,
        );
      }
    } else if (!this.#machine && this.#total <= LINES) {
      const best = first.predictions[0]!;
      print(`${source.path}  ${best.label} ${sure(best)}  → ${Object.values(first.files)[0] ?? ''}`);
    }
    const notes = [
      ...first.source.notes,
      ...new Set(records.flatMap((record) => record.notes.filter((note) => !SHOWN.test(note)))),
    ];
    // Where the line of the result does not stand above it, a note or warning says itself which picture it is about.
    const apart = this.#machine || !process.stdout.isTTY;
    const about = this.#total > FULL || (this.#total > 1 && apart) ? `${source.path}: ` : '';
    if (this.#total <= FULL) for (const note of notes) say(err.dim(`  ${about}${note}`));
    for (const warning of warnings) {
      // A model on which every map is flat says so often enough after the first few.
      if (++this.#warned <= 20) say(`  ${err.yellow('!')} ${about}${warning}`);
    }
  }

  failure(failure: FailureRecord): void {
    say(`${err.red('failed')} ${failure.source.path}: ${failure.error.message}`);
  }

  end({ pictures, results, failures, seconds, to, written, interrupted, gates }: Ending): void {
    for (const { condition, failed } of gates) {
      if (failed > 0) say(`${err.red('gate failed')} ${condition}: holds for ${failed} of ${count(results, 'result')}`);
    }
    if (this.#quiet) return;
    if (this.#warned > 20) say(err.dim(`${this.#warned - 20} further warnings; they are in the JSON records.`));
    for (const file of written) say(`Sheet: ${err.bold(file)}`);
    if (pictures === 1 && !interrupted) return;
    const rate = seconds > 0 ? ` (${(results / seconds).toFixed(1)}/s)` : '';
    const where = to.kind === 'folder' ? to.folder : to.file;
    say(
      `${interrupted ? err.yellow('Interrupted: ') : ''}${count(results, 'explanation')} in ${seconds.toFixed(1)} s${rate} → ${err.bold(where)}`,
    );
    if (failures.length > 0)
      say(
        `${err.red(`${failures.length} of ${count(pictures, 'input')} failed`)}: ${failures
          .map((failure) => failure.source.path)
          .slice(0, 10)
          .join(', ')}${failures.length > 10 ? ' …' : ''}`,
      );
  }
}

function targetText({ target }: ExplanationRecord): string {
  const name = (index: number, label: string) => (label === `class ${index}` ? label : `${index} ${label}`);
  if (target.against)
    return `${name(target.index, target.label)} against ${name(target.against.index, target.against.label)}`;
  return target.text === target.label && target.index >= 0 ? name(target.index, target.label) : target.text;
}

/** How many samples a map is made of, and how far to trust it. */
function sampled({ sampling }: ExplanationRecord): string {
  if (!sampling || sampling.total === 0) return '';
  const taken = sampling.interrupted
    ? `${sampling.samples} of ${sampling.total} samples`
    : count(sampling.samples, 'sample');
  const { convergence } = sampling;
  const trust =
    convergence?.value == null
      ? ''
      : convergence.of === 'halves'
        ? `, ±${percent(convergence.value)}`
        : `, sum ${percent(convergence.value)} off`;
  return out.dim(` (${taken}${trust})`);
}
