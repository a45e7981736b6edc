import { readFile } from 'node:fs/promises';
import { nearest } from '@seewhy/onnx';
import { parse } from 'csv-parse/sync';
import { systemCode } from '../errors.ts';
import { auditErrors } from './audit-errors.ts';

/** `--class-map`: from the data set's labels to the model's classes as written; null leaves a label out. */
export type WrittenClassMap = ReadonlyMap<string, string | number | null>;

/** The classes of an audit, and how labels of the data set find theirs. */
export interface ClassMap {
  /** Names, in the model's order. */
  readonly names: readonly string[];
  /** Where the names came from, and what was assumed. */
  readonly notices: readonly string[];
  /** Class of a label; null: left out by the class map; undefined: unknown. */
  classOf(label: string): number | null | undefined;
  /** For a label that is unknown: the nearest names, as a sentence; empty when nothing is near. */
  near(label: string): string;
}

export interface ClassRequest {
  readonly classes: number;
  readonly modelNames: readonly string[] | undefined;
  /** Those that occur, with the number of their pictures. */
  readonly labels: readonly { readonly label: string; readonly count: number }[];
  /** In the data set's own order, where it lists them. */
  readonly listed: readonly string[] | undefined;
  readonly written: WrittenClassMap | undefined;
  readonly writtenFrom?: string;
  /** Other columns that may hold labels. */
  readonly otherLabels?: readonly string[];
}

/** Case, spaces, underscores and hyphens do not matter; the sign of a number does. */
const plain = (name: string): string =>
  name
    .normalize('NFC')
    .toLowerCase()
    .replace(/(?!^-\d+(\.\d*)?$)[\s_-]+/g, '');

/** A number of a class, as tables with gaps write them, too: `2.0`. */
const WHOLE = /^\d+(\.0*)?$/;

/** Whether labels are the numbers of all classes but counted from 1: the last number occurs, and none that is no class. */
const countFromOne = (labels: readonly string[], classes: number): boolean =>
  labels.every((label) => WHOLE.test(label.trim()) && Number(label) >= 1 && Number(label) <= classes) &&
  labels.some((label) => Number(label) === classes);

/** Words that mean one of two classes where nothing else tells. */
const NEGATIVE = ['no', 'false', 'negative', 'neg', 'absent', 'normal', 'benign', 'healthy', 'control'];
const POSITIVE = ['yes', 'true', 'positive', 'pos', 'present', 'abnormal', 'malignant', 'diseased', 'case'];

/**
 * Finds the class of each label: by the class map, by name, by index (from 0, or from 1 where the numbers tell), and for two classes by words such as yes and no. Without names in the
 * model the data set's own classes are its names, in the order it lists them, else sorted, as training from folders numbers them.
 * @param labels the data set's labels that occur
 * @throws AUDIT_CLASSES when no label fits
 */
export function classMapOf(request: ClassRequest): ClassMap {
  const { classes, modelNames, written } = request;
  const labels = request.labels.map(({ label }) => label);
  const notices: string[] = [];
  const first = !written && countFromOne(labels, classes) ? 1 : 0;
  const names = modelNames ? [...modelNames] : namesFrom(request, first, notices);
  const byName = new Map<string, number>();
  // "tench, Tinca tinca": each of the synonyms is a name, the whole one first.
  names.forEach((name, index) => {
    for (const synonym of name.includes(',') ? name.split(',') : []) {
      const key = plain(synonym);
      if (key !== '' && !byName.has(key)) byName.set(key, index);
    }
  });
  for (let index = names.length - 1; index >= 0; index--) byName.set(plain(names[index]!), index);
  const exact = new Map(names.map((name, index) => [name, index]));
  const find = (label: string): number | undefined => {
    const named = exact.get(label) ?? byName.get(plain(label));
    if (named !== undefined) return named;
    const index = WHOLE.test(label.trim()) ? Number(label) - first : -1;
    if (index >= 0 && index < classes) return index;
    return classes === 2 ? sideOf(label) : undefined;
  };
  if (first === 1 && labels.some((label) => !exact.has(label)))
    notices.push(
      `The labels are numbers from 1 to ${classes}: 1 is taken as the model's first class${modelNames ? `, '${names[0]}'` : ''}. --class-map says otherwise.`,
    );
  const mapped = new Map<string, number | null>();
  for (const [label, to] of written ?? []) {
    const index = to === null ? null : typeof to === 'number' ? to : find(to);
    if (index === undefined || (index !== null && !(Number.isInteger(index) && index >= 0 && index < classes)))
      throw auditErrors.classUnknown(`--class-map ${request.writtenFrom ?? ''}`.trim(), String(to), names);
    mapped.set(label, index);
    if (!mapped.has(plain(label))) mapped.set(plain(label), index);
  }
  const classOf = (label: string) => {
    const given = mapped.get(label) ?? mapped.get(plain(label));
    return given !== undefined || mapped.has(label) || mapped.has(plain(label)) ? (given ?? null) : find(label);
  };
  const near = (label: string) => {
    const found = nearest(label, names);
    return found.length > 0 ? `Near: ${found.map((name) => `'${name}'`).join(', ')}.` : '';
  };
  // A single label that fits nothing may be one class only, of a model that names none: its pictures are told as such.
  if (labels.length > 1 && labels.every((label) => classOf(label) === undefined))
    throw auditErrors.noClassFits(labels, names, near(labels[0]!), request.otherLabels);
  return { names, notices, classOf, near };
}

function namesFrom(request: ClassRequest, first: 0 | 1, notices: string[]): string[] {
  const { classes, listed, written } = request;
  const labels = request.labels.map(({ label }) => label);
  const numbered = Array.from({ length: classes }, (_, index) => `class ${index + first}`);
  if (written) {
    // The map's own indices name the classes, where each is named by one label alone.
    const names = [...numbered];
    const by = new Map<number, string[]>();
    for (const [label, to] of written) {
      const index = typeof to === 'number' ? to : /^\d+$/.test(to ?? '') ? Number(to) : undefined;
      if (index !== undefined) by.set(index, [...(by.get(index) ?? []), label]);
    }
    for (const [index, labelled] of by) if (labelled.length === 1 && index < classes) names[index] = labelled[0]!;
    return names;
  }
  const spelled = spellings(request.labels);
  let given = [...(listed && listed.length > 0 ? listed : sorted(spelled.map(({ label }) => label)))];
  if (given.length > classes) {
    const kept = common({ ...request, labels: spelled }, notices);
    if (kept) given = given.filter((name) => kept.has(name));
  }
  const counted = given.every((name) => WHOLE.test(name.trim()));
  const side = classes === 2 && given.length === 1 ? sideOf(given[0]!) : undefined;
  if (side !== undefined) {
    notices.push(
      `The data set has one class only, '${given[0]}': taken as class ${side}. --labels or --class-map says otherwise.`,
    );
    return numbered.map((name, index) => (index === side ? given[0]! : name));
  }
  if (given.length !== classes || counted) {
    if (!counted && labels.length > 0)
      notices.push(
        `The model names no classes and the data set has ${given.length}, not ${classes}: labels are taken as indices. --labels or --class-map says otherwise.`,
      );
    return numbered;
  }
  notices.push(
    `The model names no classes; those of the data set are taken, ${listed && listed.length > 0 ? 'in its own order' : 'sorted by name'}: ${given
      .slice(0, 8)
      .map((name, index) => `${index} ${name}`)
      .join(', ')}${given.length > 8 ? ', …' : ''}. --labels or --class-map says otherwise.`,
  );
  return given;
}

/** Labels that differ in case, blanks, underscores and hyphens only are one class: each in its most frequent spelling. */
function spellings(labels: ClassRequest['labels']): { label: string; count: number }[] {
  const byName = new Map<string, { label: string; most: number; count: number }>();
  for (const { label, count } of labels) {
    const known = byName.get(plain(label)) ?? { label, most: 0, count: 0 };
    const better = count > known.most || (count === known.most && label < known.label);
    byName.set(plain(label), {
      label: better ? label : known.label,
      most: Math.max(count, known.most),
      count: known.count + count,
    });
  }
  return [...byName.values()].map(({ label, count }) => ({ label, count }));
}

/** Labels that are left out when as many as the classes make up all but this share: slips and rarities. */
const RARE = 0.1;

/** The most frequent labels, as many as there are classes, where the others are rare. */
function common({ labels, classes }: ClassRequest, notices: string[]): ReadonlySet<string> | undefined {
  const byCount = [...labels].sort((a, b) => b.count - a.count || (a.label < b.label ? -1 : 1));
  const total = byCount.reduce((sum, { count }) => sum + count, 0);
  const rest = byCount.slice(classes);
  if (rest.length === 0) return undefined;
  if (rest.reduce((sum, { count }) => sum + count, 0) > RARE * total || rest[0]!.count === byCount[classes - 1]!.count)
    return undefined;
  notices.push(
    `The data set has ${labels.length} labels, the model ${classes} classes: the rare ones are left out (${rest
      .slice(0, 5)
      .map(({ label, count }) => `'${label}', ${count} times`)
      .join('; ')}${rest.length > 5 ? '; …' : ''}).`,
  );
  return new Set(byCount.slice(0, classes).map(({ label }) => label));
}

/** Side of two classes that a word means. */
const sideOf = (label: string): 0 | 1 | undefined =>
  NEGATIVE.includes(plain(label)) ? 0 : POSITIVE.includes(plain(label)) ? 1 : undefined;

const sorted = (names: readonly string[]): string[] => [...names].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));

/** Reads `--class-map`: a JSON object, or two columns of CSV (with or without a header). */
export async function readClassMap(path: string): Promise<WrittenClassMap> {
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (cause) {
    const code = systemCode(cause);
    throw auditErrors.classMap(path, code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`);
  }
  return /^\s*\{/.test(text) ? fromJson(text, path) : fromCsv(text, path);
}

function fromJson(text: string, path: string): WrittenClassMap {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw auditErrors.classMap(path, `is not valid JSON (${(cause as Error).message})`);
  }
  const entries = Object.entries(parsed as Record<string, unknown>);
  for (const [label, to] of entries)
    if (to !== null && typeof to !== 'string' && typeof to !== 'number')
      throw auditErrors.classMap(path, `leads '${label}' to ${JSON.stringify(to)}, which is no class`);
  if (entries.length === 0) throw auditErrors.classMap(path, 'is empty');
  return new Map(entries as [string, string | number | null][]);
}

function fromCsv(text: string, path: string): WrittenClassMap {
  let rows: string[][];
  try {
    rows = parse(text, { delimiter: [',', ';', '\t'], trim: true, skip_empty_lines: true, relax_column_count: true });
  } catch (cause) {
    throw auditErrors.classMap(path, `is not CSV (${(cause as Error).message})`);
  }
  const map = new Map<string, string | null>();
  for (const [at, row] of rows.entries()) {
    if (row.length !== 2) throw auditErrors.classMap(path, `has ${row.length} cells in line ${at + 1}, not two`);
    if (
      at === 0 &&
      /^(class|model|index|to|target)/i.test(row[1]!) &&
      /^(label|name|from|data|source|dx)/i.test(row[0]!)
    )
      continue;
    map.set(row[0]!, row[1] === '' ? null : row[1]!);
  }
  if (map.size === 0) throw auditErrors.classMap(path, 'is empty');
  return map;
}
