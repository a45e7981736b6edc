import { encode } from 'fast-png';
import type { ExplainedPicture } from '../explained-picture.ts';
import type { LogFolder } from '../log-folder.ts';
import type { SummaryValue } from '../tensorboard/event.ts';
import { EventWriter, type EventWriterOptions } from '../tensorboard/event-writer.ts';
import { lastSteps, tagsAt } from '../tensorboard/read-events.ts';
import type { RunFacts, Sink } from './sink.ts';

/** Where TensorBoard files are written, and how they continue an earlier run. */
export interface TensorBoardOptions extends EventWriterOptions {
  /**
   * What is done with steps that an earlier run's tags in the folder have already: `continue` (default) moves all steps of this run
   * behind them, `keep` writes them as they are.
   */
  readonly steps?: 'continue' | 'keep';
}

/**
 * Writes explained pictures as event files of TensorBoard: the overlay as an image under its tag (`gradcam/cat`), its numbers as
 * scalars (`entropy/gradcam/cat`), and once what is explained with as a text (`explanations`).
 */
export function tensorBoardSink(folder: LogFolder, options: TensorBoardOptions = {}): Sink {
  const writer = new EventWriter(folder, options);
  let shift: number | undefined;
  /** Tags of a step that an earlier run has written. */
  let there: { readonly step: number; readonly tags: ReadonlySet<string> } | undefined;

  /** Steps that this run's are moved by. */
  const shiftOf = async (step: number, pictures: readonly ExplainedPicture[]): Promise<number> => {
    if (options.steps === 'keep') return 0;
    const last = await lastSteps(folder);
    const behind = Math.max(...pictures.map(({ tag }) => last.get(tag) ?? Number.NEGATIVE_INFINITY));
    return step <= behind ? behind + 1 - step : 0;
  };

  return {
    again: async (step) => {
      there = { step, tags: await tagsAt(folder, step) };
    },
    write: async (step, pictures, facts) => {
      if (pictures.length === 0) return;
      const first = shift === undefined;
      shift ??= await shiftOf(step, pictures);
      const head: SummaryValue[] = first ? [{ kind: 'text', tag: 'explanations', text: headOf(facts, shift) }] : [];
      const values = [...head, ...pictures.flatMap(valuesOf)];
      const before = there?.step === step + shift ? there.tags : undefined;
      await writer.write(step + shift, before ? values.filter(({ tag }) => !before.has(tag)) : values);
    },
    close: () => writer.close(),
  };
}

function valuesOf(one: ExplainedPicture): SummaryValue[] {
  const { width, height, channels, data } = one.overlay;
  const png = encode({ width, height, channels, depth: 8, data });
  return [
    { kind: 'image', tag: one.tag, width, height, png },
    ...Object.entries(one.scalars).map(
      ([name, value]): SummaryValue => ({ kind: 'scalar', tag: `${name}/${one.tag}`, value }),
    ),
  ];
}

/** A table in Markdown. */
function headOf(facts: RunFacts, shift: number): string {
  const rows: [string, readonly string[]][] = [
    ['methods', facts.methods],
    ['targets', facts.targets],
    ['layers', facts.layers],
    ['pictures', facts.pictures],
    ['classes', [String(facts.classes)]],
    ['runtime', [facts.runtime]],
    ['steps', shift === 0 ? [] : [`moved by ${shift}, behind those of an earlier run`]],
    ['notes', facts.notes],
  ];
  const lines = rows.flatMap(([name, values]) =>
    values.length > 0 ? [`| ${name} | ${values.map(cell).join(', ')} |`] : [],
  );
  return ['| | |', '|---|---|', ...lines].join('\n');
}

/** Text within a cell of a table: as it is, whatever marks it holds. */
const cell = (text: string) => text.replace(/\s+/g, ' ').replace(/[\\|*_`<>[\]]/g, (mark) => `\\${mark}`);
