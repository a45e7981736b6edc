import { hostname } from 'node:os';
import { DiskFolder } from './files/disk-folder.ts';
import { folderSink } from './sinks/folder-sink.ts';
import type { Sink } from './sinks/sink.ts';
import { type TensorBoardOptions, tensorBoardSink } from './sinks/tensorboard-sink.ts';

export { type Checkpoint, findCheckpoints, stepInName } from './files/checkpoints.ts';
export { holdState } from './files/hold-state.ts';
export { type WatchOptions, watchCheckpoints } from './files/watch-checkpoints.ts';
export { type Place, WatchState } from './files/watch-state.ts';
export { DiskFolder, makeFolders } from './folders.ts';

/** Explained pictures as TensorBoard's event files in a folder: `tensorboard --logdir FOLDER` shows them. */
export function tensorboard(folder: string, options: TensorBoardOptions = {}): Sink {
  return tensorBoardSink(new DiskFolder(folder), { host: hostname(), process: process.pid, ...options });
}

/** Explained pictures as PNG files in a folder. */
export const folder = (path: string): Sink => folderSink(new DiskFolder(path));
