import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import { type Environment, pythonOf, root } from './places.ts';

/** What was compared, and where. */
export interface Versions {
  readonly machine: string;
  readonly node: string;
  readonly peers: string;
}

/** What is named of an environment. */
const PEERS: Record<Environment, readonly string[]> = {
  torch: ['torch', 'torchvision', 'timm', 'grad-cam', 'torchcam', 'captum'],
  tensorflow: ['tensorflow-cpu', 'keras', 'tf_keras', 'tf-explain', 'tf-keras-vis', 'xplique', 'tf2onnx'],
};

export function versions(environment: Environment): Versions {
  const version = (folder: string) =>
    JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).version as string;
  const found = execFileSync(
    pythonOf(environment),
    [
      '-c',
      `from importlib.metadata import version as v; print(', '.join(n + ' ' + v(n) for n in ${JSON.stringify(PEERS[environment])}))`,
    ],
    { encoding: 'utf8' },
  );
  return {
    machine: `${cpus().length} × ${cpus()[0]!.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB, ${platform()} ${arch()}`,
    node: `seewhy ${version('packages/seewhy')}, Node ${process.versions.node}, onnxruntime-node ${version('node_modules/onnxruntime-node')}, sharp ${version('node_modules/sharp')}`,
    peers: found.trim(),
  };
}
