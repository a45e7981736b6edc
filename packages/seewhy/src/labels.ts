import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { labelLines } from '@seewhy/onnx';
import { errors, systemCode } from './errors.ts';

/** Class names and where they came from. */
export interface FoundLabels {
  readonly labels: readonly string[];
  /** For people: a file name. */
  readonly from: string;
}

/**
 * Reads class names: one a line (also behind its number, `0 tench`), a JSON list, a JSON object from index to name, an object from name to
 * index, or a Hugging Face `config.json` (its `id2label`).
 */
export async function readLabels(path: string): Promise<FoundLabels> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const code = systemCode(cause);
    throw errors.labels(
      path,
      code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : `cannot be read (${code})`,
    );
  }
  if (text.includes('\u0000')) throw errors.labels(path, 'is not a text file');
  return { labels: parseLabels(text, path), from: path };
}

/** The names in a labels file's text. */
export function parseLabels(text: string, path: string): string[] {
  const body = text.replace(/^\uFEFF/, '');
  if (/^\s*[[{]/.test(body)) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(body);
    } catch (cause) {
      // A line list may begin with a bracket too; JSON that fails and looks like JSON is a broken file.
      throw errors.labels(path, `is not valid JSON (${(cause as Error).message})`);
    }
    const labels = labelsOf(parsed);
    if (!labels) throw errors.labels(path, 'is JSON, but neither a list of texts nor an object of labels');
    return labels;
  }
  const lines = labelLines(body);
  if (lines.length === 0) throw errors.labels(path, 'is empty');
  return lines;
}

function labelsOf(parsed: unknown): string[] | undefined {
  if (Array.isArray(parsed)) {
    return parsed.length > 0 && parsed.every((item) => typeof item === 'string' || typeof item === 'number')
      ? parsed.map(String)
      : undefined;
  }
  if (parsed === null || typeof parsed !== 'object') return undefined;
  const record = parsed as Record<string, unknown>;
  if (record.id2label && typeof record.id2label === 'object') return labelsOf(record.id2label);
  const entries = Object.entries(record);
  const byIndex = new Map<number, string>();
  for (const [key, value] of entries) {
    // Keras' class index: { "0": ["n01440764", "tench"] }.
    const name = Array.isArray(value) ? value.at(-1) : value;
    if (/^\d+$/.test(key) && (typeof name === 'string' || typeof name === 'number'))
      byIndex.set(Number(key), String(name));
    else if (typeof value === 'number' && Number.isInteger(value) && value >= 0) byIndex.set(value, key);
    else return undefined;
  }
  if (byIndex.size === 0) return undefined;
  const count = Math.max(...byIndex.keys()) + 1;
  if (count > byIndex.size * 2 + 16) return undefined;
  return Array.from({ length: count }, (_, index) => byIndex.get(index) ?? String(index));
}

/**
 * What lies next to a model: in the Hugging Face layout `config.json` and `preprocessor_config.json`, beside it or one folder up
 * (`onnx/model.onnx`); else a list of class names, as Teachable Machine and many trainers leave it (`keras_model.h5`, `labels.txt`).
 */
export interface Beside {
  readonly labels?: FoundLabels;
  readonly preprocess?: { readonly config: Record<string, unknown>; readonly from: string };
}

async function jsonAt(path: string): Promise<Record<string, unknown> | undefined> {
  try {
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'));
    return parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : undefined;
  } catch {
    // Absent, or some other program's config.json: then nothing was found, and inspect says so.
    return undefined;
  }
}

/** Lists of class names that go without saying which model they belong to. */
const LISTS = [
  'labels.txt',
  'class_names.txt',
  'classes.txt',
  'labels.json',
  'class_names.json',
  'classes.json',
  'class_indices.json',
];

/** The first of the lists in a folder that can be read. */
async function listIn(folder: string): Promise<FoundLabels | undefined> {
  for (const name of LISTS) {
    // Absent, or no list: then nothing was found, and inspect says so.
    const found = await readLabels(join(folder, name)).catch(() => undefined);
    if (found) return found;
  }
  return undefined;
}

/** Looks for labels and preprocessing beside the model file. */
export async function findBeside(modelPath: string): Promise<Beside> {
  const folder = dirname(modelPath);
  const folders = /^onnx$/i.test(folder.split(/[\\/]/).at(-1) ?? '') ? [folder, dirname(folder)] : [folder];
  const read = async (name: string) => {
    const found = await Promise.all(
      folders.map(async (at) => ({ from: join(at, name), config: await jsonAt(join(at, name)) })),
    );
    return found.find((entry) => entry.config !== undefined);
  };
  const [config, preprocessor] = await Promise.all([read('config.json'), read('preprocessor_config.json')]);
  const named = config?.config?.id2label ? labelsOf(config.config) : undefined;
  const labels = named && config ? { labels: named, from: config.from } : await listIn(folder);
  return {
    ...(labels ? { labels } : {}),
    ...(preprocessor?.config ? { preprocess: { config: preprocessor.config, from: preprocessor.from } } : {}),
  };
}

/** Keys of a model's metadata under which class names are stored. Ultralytics writes a Python dict: `{0: 'person', 1: 'bicycle'}`. */
const METADATA_KEYS = ['id2label', 'labels', 'names', 'classes', 'class_names', 'class_labels'];

/** Class names from an ONNX file's metadata; undefined when there are none or they cannot be read. */
export function labelsFromMetadata(metadata: ReadonlyMap<string, string>): string[] | undefined {
  for (const key of METADATA_KEYS) {
    const text = metadata.get(key)?.trim();
    if (!text) continue;
    if (!/^[[{]/.test(text)) {
      const parts = text.split(/\r?\n|,/).map((part) => part.trim());
      if (parts.length > 1) return parts;
      continue;
    }
    try {
      const labels = labelsOf(JSON.parse(text));
      if (labels) return labels;
    } catch {
      const labels = fromPython(text);
      if (labels) return labels;
    }
  }
  return undefined;
}

/** `{0: 'a', 1: "b's"}` or `['a', 'b']` as Python prints them. */
function fromPython(text: string): string[] | undefined {
  const string = String.raw`'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"`;
  const pairs = [...text.matchAll(new RegExp(`(\\d+)\\s*:\\s*(?:${string})`, 'g'))];
  const clean = (value: string) => value.replace(/\\(.)/g, '$1');
  if (text.startsWith('{')) {
    if (pairs.length === 0) return undefined;
    return labelsOf(
      Object.fromEntries(pairs.map(([, index, single, double]) => [index, clean(single ?? double ?? '')])),
    );
  }
  const items = [...text.matchAll(new RegExp(string, 'g'))].map(([, single, double]) => clean(single ?? double ?? ''));
  return items.length > 0 ? items : undefined;
}
