import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, sep } from 'node:path';

/** A model file of a training, in the state it had when it was looked at. */
export interface Checkpoint {
  readonly path: string;
  /** Relative to the watched folder, with slashes. */
  readonly name: string;
  /** Sizes and times of its files: another one means other contents. */
  readonly signature: string;
  /** When the youngest of its files was written, in milliseconds since 1970. */
  readonly modified: number;
}

const MODEL = /\.(onnx|keras|h5|hdf5)$/i;
/** Weights without an architecture. */
const ONLY_WEIGHTS = /\.weights\.h5$/i;
/** What writers call files that are not finished. */
const UNFINISHED = /^\.|~$|\.(tmp|temp|part|partial)$/i;

/** What lies below a watched folder. */
export interface Found {
  /** In the order they were written. */
  readonly checkpoints: readonly Checkpoint[];
  /** Names of files that hold weights without an architecture (`.weights.h5`). */
  readonly onlyWeights: readonly string[];
}

/**
 * Checkpoints below a folder (or the one file that is named). A `model.json` stands for its whole folder; an ONNX file's weights
 * (`model.onnx.data`) belong to it.
 * @returns none where there is no such folder yet
 */
export async function lookForCheckpoints(path: string): Promise<Found> {
  const own = basename(path);
  if (ONLY_WEIGHTS.test(own)) return { checkpoints: [], onlyWeights: [own] };
  if (isModel(own)) {
    const one = await checkpointOf(path, dirname(path), await names(dirname(path)));
    return { checkpoints: one ? [one] : [], onlyWeights: [] };
  }
  const { checkpoints, onlyWeights } = await below(path, path);
  const order = (a: Checkpoint, b: Checkpoint) =>
    a.modified - b.modified || a.name.localeCompare(b.name, 'en', { numeric: true });
  return { checkpoints: [...checkpoints].sort(order), onlyWeights: [...onlyWeights].sort() };
}

/** The checkpoints alone. */
export async function findCheckpoints(path: string): Promise<readonly Checkpoint[]> {
  return (await lookForCheckpoints(path)).checkpoints;
}

const isModel = (name: string) =>
  !UNFINISHED.test(name) && (name === 'model.json' || (MODEL.test(name) && !ONLY_WEIGHTS.test(name)));

async function names(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => !UNFINISHED.test(name));
}

const nameBelow = (root: string, path: string) => relative(root, path).split(sep).join('/') || basename(path);

async function below(folder: string, root: string): Promise<Found> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const checkpoints: Checkpoint[] = [];
  const onlyWeights: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    // Links to folders may go in circles.
    if (entry.isDirectory() && !entry.name.startsWith('.')) {
      const inner = await below(path, root);
      checkpoints.push(...inner.checkpoints);
      onlyWeights.push(...inner.onlyWeights);
    } else if (isModel(entry.name)) {
      const one = await checkpointOf(path, root, files);
      if (one) checkpoints.push(one);
    } else if (entry.isFile() && ONLY_WEIGHTS.test(entry.name) && !UNFINISHED.test(entry.name))
      onlyWeights.push(nameBelow(root, path));
  }
  return { checkpoints, onlyWeights };
}

async function checkpointOf(path: string, root: string, beside: readonly string[]): Promise<Checkpoint | undefined> {
  const own = basename(path);
  const stem = own.slice(0, own.length - extname(own).length);
  const belongs = (name: string) =>
    own === 'model.json'
      ? /\.(json|bin)$/i.test(name) || !name.includes('.')
      : name === own || name.startsWith(`${own}.`) || name.startsWith(`${own}_`) || name === `${stem}.data`;
  const parts: string[] = [];
  let modified = 0;
  for (const name of beside.filter(belongs).sort()) {
    if (UNFINISHED.test(name)) continue;
    const info = await stat(join(dirname(path), name)).catch(() => undefined);
    if (!info?.isFile()) continue;
    parts.push(`${name}:${info.size}:${info.mtimeMs}`);
    modified = Math.max(modified, info.mtimeMs);
  }
  if (!parts.some((part) => part.startsWith(`${own}:`))) return undefined;
  return { path, name: nameBelow(root, path), signature: parts.join('|'), modified };
}

/**
 * The epoch that a checkpoint's name tells: `epoch=12`, `step_300`, else its first whole number that stands alone
 * (`weights.05-0.83.keras` is 5, `resnet50-03.onnx` 3).
 */
export function stepInName(name: string): number | undefined {
  const last = stemOf(name).split('/').at(-1)!;
  const told = /(?:epoch|ep|step|iter|checkpoint|ckpt)[-_=. ]*(\d{1,12})/i.exec(last);
  const alone = /(?:^|[-_= ]|(?<!\d)\.)(\d{1,12})(?![\d]|\.\d|[a-z])/i.exec(last);
  const found = told?.[1] ?? alone?.[1];
  return found === undefined ? undefined : Number(found);
}

/** What checkpoints without a step in their name are told apart by: `best-0.91.keras` and `best-0.93.keras` are both `best`. */
export function seriesInName(name: string): string {
  const stem = stemOf(name);
  return stem.replace(/[-_=. ]*\d+\.\d+/g, '') || stem;
}

const stemOf = (name: string) => name.replace(/\/model\.json$/i, '').replace(/\.[a-z]\w*$/i, '');
