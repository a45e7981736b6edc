import { encode } from 'fast-png';
import type { ExplainedPicture } from '../explained-picture.ts';
import type { LogFolder } from '../log-folder.ts';
import type { Sink } from './sink.ts';

/** Digits of a step in a file's name, so that names sort as steps do. */
const DIGITS = 5;

/** A line each picture. */
const RECORDS = 'explanations.jsonl';

/**
 * Writes each explained picture as `<tag>.<step>.png` (`gradcam-cat.00012.png`; a later run's replaces an earlier one's of the same
 * step), and a line about it into `explanations.jsonl`.
 */
export function folderSink(folder: LogFolder): Sink {
  return {
    again: async (step, tags) => {
      if (!(await folder.list()).includes(RECORDS)) return;
      const lines = new TextDecoder().decode(await folder.read(RECORDS)).split('\n');
      // The last piece is empty, or a line that was cut off.
      const others = lines.slice(0, -1).filter((line) => {
        const record = recordIn(line);
        return !(record?.step === step && tags.has(String(record.tag)));
      });
      await folder.write(RECORDS, new TextEncoder().encode(others.map((line) => `${line}\n`).join('')));
    },
    write: async (step, pictures) => {
      for (const one of pictures) {
        const file = `${fileName(one.tag)}.${String(step).padStart(DIGITS, '0')}.png`;
        const { width, height, channels, data } = one.overlay;
        await folder.write(file, encode({ width, height, channels, depth: 8, data }));
        await folder.append(RECORDS, new TextEncoder().encode(`${JSON.stringify(recordOf(one, file))}\n`));
      }
    },
  };
}

/** The record of a line; undefined of a line that is none. */
function recordIn(line: string): { readonly step?: unknown; readonly tag?: unknown } | undefined {
  try {
    return (JSON.parse(line) as { step?: unknown; tag?: unknown } | null) ?? undefined;
  } catch {
    return undefined;
  }
}

function recordOf(one: ExplainedPicture, file: string) {
  const { method, target, layers, predictions, diagnosis, notes } = one.explanation;
  return {
    step: one.step,
    picture: one.name,
    tag: one.tag,
    file,
    method,
    target: { asked: target.asked, index: target.index, label: target.label, text: target.text, value: target.value },
    layers: layers.map(({ name }) => name),
    predictions: predictions.slice(0, 5),
    scalars: one.scalars,
    warnings: diagnosis.warnings,
    notes,
  };
}

/** A tag as a file's name that every file system takes. */
function fileName(tag: string): string {
  const safe = tag.replace(/[^\p{L}\p{N}._+-]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '');
  return safe.slice(0, 100) || 'x';
}
