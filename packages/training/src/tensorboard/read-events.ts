import type { LogFolder } from '../log-folder.ts';
import { decodeEvent, type Event } from './event.ts';
import { type ReadRecords, readRecords } from './records.ts';

/** The events of a file, and how the file ends. */
export interface ReadEvents {
  readonly events: readonly Event[];
  /** How the file ends; `truncated` and `corrupt`: what stands before was read. */
  readonly end: ReadRecords['end'];
}

/** Reads an event file. A tail that is cut off or damaged is left out and told by `end`; never throws. */
export function readEvents(file: Uint8Array): ReadEvents {
  const { records, end } = readRecords(file);
  const events: Event[] = [];
  for (const record of records) {
    const event = decodeEvent(record);
    if (!event) return { events, end: 'corrupt' };
    events.push(event);
  }
  return { events, end };
}

const isEventFile = (name: string) => name.includes('tfevents');

/** The last step of each tag over all event files of a folder: where a run that goes on begins. */
export async function lastSteps(folder: LogFolder): Promise<Map<string, number>> {
  const last = new Map<string, number>();
  for await (const { step, values } of eventsOf(folder))
    for (const { tag } of values) last.set(tag, Math.max(step, last.get(tag) ?? step));
  return last;
}

/** Tags that have a value at a step, over all event files of a folder. */
export async function tagsAt(folder: LogFolder, step: number): Promise<Set<string>> {
  const tags = new Set<string>();
  for await (const event of eventsOf(folder))
    if (event.step === step) for (const { tag } of event.values) tags.add(tag);
  return tags;
}

async function* eventsOf(folder: LogFolder): AsyncGenerator<Event> {
  for (const name of await folder.list()) if (isEventFile(name)) yield* readEvents(await folder.read(name)).events;
}
