import { posix } from 'node:path';
import { isSeewhyError } from '@seewhy/onnx';
import { cellText } from './cell.ts';
import { cellNumber } from './cell-boxes.ts';
import { datasetErrors, shown } from './dataset-errors.ts';
import type { FileTree, TreeFile } from './file-tree.ts';

const LARGEST = 1 << 20;

/** What a data set in YOLO's layout says of itself. */
export interface YoloNames {
  /** By the number of the class. */
  readonly names: ReadonlyMap<number, string>;
  /** Numbers of a pose behind each box. */
  readonly keypoints?: number;
  /** The file that says so. */
  readonly file?: string;
  readonly notices: readonly string[];
}

/**
 * The names of the classes: `names` of a `data.yaml` (a list, or a map from numbers), else the lines of `classes.txt` or `obj.names`. Of several files
 * the one nearest to the root.
 */
export async function yoloNames(tree: FileTree, files: readonly TreeFile[]): Promise<YoloNames> {
  const notices: string[] = [];
  const near = [...files].sort((a, b) => a.path.split('/').length - b.path.split('/').length);
  const kinds = [
    { pattern: /\.ya?ml$/i, read: (text: string, path: string) => namesOfYaml(text, path) },
    { pattern: /(^|\/)(?:classes\.txt|[^/]+\.names)$/i, read: async (text: string) => ({ names: namesOfLines(text) }) },
  ];
  for (const { pattern, read } of kinds)
    for (const { path, size } of near) {
      if (!pattern.test(path) || path.split('/').length > 3 || size > LARGEST) continue;
      try {
        const found = await read(new TextDecoder().decode(await tree.read(tree.key(path))), path);
        if (found.names.size > 0) return { ...found, file: path, notices };
      } catch (error) {
        // A file of settings of another program may lie there too.
        if (!isSeewhyError(error)) throw error;
        notices.push(`${error.message.replace(/[.\s]*$/, '')}: no names of classes were taken from it.`);
      }
    }
  return { names: new Map(), notices };
}

/** `names`, and `kpt_shape` of a pose, of a `data.yaml`. @throws SeewhyError `MANIFEST_INVALID` for what is no YAML */
export async function namesOfYaml(text: string, path: string): Promise<Pick<YoloNames, 'names' | 'keypoints'>> {
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    const [first = ''] = String((cause as Error).message).split('\n');
    throw datasetErrors.manifest(path, `is no YAML (${shown(first)})`, 'Write it again.');
  }
  if (value === null || typeof value !== 'object') return { names: new Map() };
  const { names, kpt_shape: shape } = value as { names?: unknown; kpt_shape?: unknown };
  const entries = names !== null && typeof names === 'object' ? Object.entries(names) : [];
  const sizes = Array.isArray(shape) ? shape.map(cellNumber) : [];
  return {
    names: new Map(
      entries.flatMap(([number, name]) => {
        const text = cellText(name);
        return /^\d+$/.test(number) && text !== undefined ? [[Number(number), text] as const] : [];
      }),
    ),
    ...(sizes.length === 2 && sizes[0] && sizes[1] ? { keypoints: sizes[0] * sizes[1] } : {}),
  };
}

const namesOfLines = (text: string): ReadonlyMap<number, string> =>
  new Map(
    text
      .replace(/\s+$/, '')
      .split(/\r\n|\r|\n/)
      .flatMap((line, number) => (line.trim() === '' ? [] : [[number, line.trim()] as const])),
  );

/** Whether a file of a data set in YOLO's layout names its classes or describes it, and labels no picture. */
export const isYoloNote = (path: string): boolean =>
  /^(?:classes|notes|readme.*|predefined_classes|train|val|valid|test)\.txt$/i.test(posix.basename(path));
