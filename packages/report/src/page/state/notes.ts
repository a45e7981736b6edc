import { signal } from '@preact/signals';
import { placeOf, run } from './report.ts';
import { keep, kept } from './storage.ts';

/** What a reviewer says of a picture's label. */
export const VERDICTS = ['', 'label right', 'label wrong', 'unsure'] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface Note {
  readonly flag: boolean;
  readonly verdict: Verdict;
  readonly text: string;
  /** When it was last changed, ISO 8601. */
  readonly changed: string;
}

const BLANK: Note = { flag: false, verdict: '', text: '', changed: '' };
export const SCHEMA = 'seewhy/notes/v1';

/** Notes by picture id. */
export const notes = signal<ReadonlyMap<string, Note>>(new Map());

/** Notes belong to a run: same model, data and start. */
const storageKey = () =>
  `seewhy/notes/${run.model.sha256.slice(0, 16)}/${run.dataset.sha256.slice(0, 16)}/${run.started}`;

export function loadNotes(): void {
  const text = kept(storageKey());
  if (!text) return;
  try {
    notes.value = readNotes(JSON.parse(text)).notes;
  } catch {
    // What another version of the page left there: begun anew.
  }
}

export const noteOf = (id: string): Note | undefined => notes.value.get(id);

export function setNote(id: string, change: Partial<Omit<Note, 'changed'>>): void {
  const next = new Map(notes.peek());
  const note = { ...BLANK, ...next.get(id), ...change, changed: new Date().toISOString() };
  if (!note.flag && !note.verdict && !note.text) next.delete(id);
  else next.set(id, note);
  notes.value = next;
  save();
}

export function clearNotes(): void {
  notes.value = new Map();
  save();
}

const save = () => keep(storageKey(), JSON.stringify(notesFile()));

/** All notes as a file that another reader of the same report can take in. */
export function notesFile() {
  return {
    schema: SCHEMA,
    run: { title: run.title, started: run.started, model: run.model.sha256, dataset: run.dataset.sha256 },
    notes: [...notes.peek()].map(([id, note]) => ({ id, ...note })),
  };
}

/**
 * The notes of such a file. Rows that are none, and pictures this report does not have, are counted and left out.
 * @throws Error with a sentence when it is no such file
 */
export function readNotes(file: unknown): { notes: Map<string, Note>; unknown: number; other: boolean } {
  const {
    schema,
    run: from,
    notes: rows,
  } = (file ?? {}) as { schema?: unknown; run?: { model?: unknown }; notes?: unknown };
  if (schema !== SCHEMA || !Array.isArray(rows))
    throw new Error(`This file holds no notes of a report (its "schema" is not "${SCHEMA}").`);
  const found = new Map<string, Note>();
  let unknown = 0;
  for (const row of rows as readonly Record<string, unknown>[]) {
    const id = row?.id;
    if (typeof id !== 'string' || !placeOf.has(id)) {
      unknown++;
      continue;
    }
    const text = (value: unknown) => (typeof value === 'string' ? value.slice(0, 20_000) : '');
    const verdict = VERDICTS.find((name) => name === row.verdict) ?? '';
    found.set(id, { flag: row.flag === true, verdict, text: text(row.text), changed: text(row.changed) });
  }
  return { notes: found, unknown, other: from?.model !== run.model.sha256 };
}

/** Takes in the notes of a file: of two notes on one picture the later one stays. */
export function importNotes(file: unknown): { added: number; unknown: number; other: boolean } {
  const { notes: given, unknown, other } = readNotes(file);
  const next = new Map(notes.peek());
  let added = 0;
  for (const [id, note] of given) {
    const own = next.get(id);
    if (own && own.changed >= note.changed) continue;
    next.set(id, note);
    added++;
  }
  notes.value = next;
  save();
  return { added, unknown, other };
}
