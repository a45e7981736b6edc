import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What TensorBoard's own reader finds in a log folder. */
export interface SeenByTensorBoard {
  readonly images: readonly {
    readonly run: string;
    readonly tag: string;
    readonly step: number;
    readonly wallTime: number;
    readonly width: number;
    readonly height: number;
    readonly shape: readonly [height: number, width: number, channels: number];
    /** RGB, base64. */
    readonly pixels: string;
  }[];
  readonly scalars: readonly {
    readonly run: string;
    readonly tag: string;
    readonly step: number;
    readonly value: number;
  }[];
  readonly text: readonly {
    readonly run: string;
    readonly tag: string;
    readonly step: number;
    readonly text: string;
  }[];
}

/** Loads a log folder with Python's tensorboard. */
export function seenByTensorBoard(python: string, folder: string): SeenByTensorBoard {
  const script = fileURLToPath(new URL('../../../../tools/training/read_events.py', import.meta.url));
  const { status, stdout, stderr } = spawnSync(python, [script, folder], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`tensorboard could not read ${folder}:\n${stderr}`);
  return JSON.parse(stdout) as SeenByTensorBoard;
}
