import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { python, root } from '../places.ts';

export interface DiskCosts {
  /** Megabytes. */
  ours: number;
  /** The four packages themselves. */
  packages: number;
  runtime: number;
  /** Binaries of the runtime for other platforms than this one. */
  foreign: number;
  python: number;
  largest: [name: string, megabytes: number][];
}

/** What `npm install seewhy` puts on the disk of this platform, and what torch with grad-cam does. */
export function measureDisk(): DiskCosts {
  const sizes = new Map<string, number>();
  let foreign = 0;
  const add = (name: string, from: string): void => {
    const folder = findPackage(name, from);
    if (!folder || sizes.has(folder)) return;
    sizes.set(folder, name.startsWith('@seewhy/') || name === 'seewhy' ? packedSize(folder) : folderSize(folder));
    if (name === 'onnxruntime-node') foreign = foreignBinaries(folder);
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    for (const next of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) add(next, folder);
  };
  add('seewhy', root);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const named = [...sizes].map(([folder, size]): [string, number] => [
    folder
      .replaceAll('\\', '/')
      .split(/node_modules\/|packages\//)
      .at(-1)!,
    size / 1e6,
  ]);
  const own = [...sizes].filter(([folder]) => !folder.includes('node_modules'));
  const result = {
    ours: total / 1e6,
    packages: own.reduce((sum, [, size]) => sum + size, 0) / 1e6,
    runtime: named.find(([name]) => name === 'onnxruntime-node')?.[1] ?? 0,
    foreign: foreign / 1e6,
    python: Number(execFileSync(python, [join(root, 'bench', 'peers', 'disk.py')], { encoding: 'utf8' })) / 1e6,
    largest: named.sort((a, b) => b[1] - a[1]).slice(0, 6),
  };
  console.log(
    `disk: ${result.ours.toFixed(0)} MB, ${foreign / 1e6 > 0 ? `of them ${result.foreign.toFixed(0)} MB runtime binaries for other platforms` : ''}; torch + grad-cam ${result.python.toFixed(0)} MB`,
  );
  return result;
}

/** Where Node would find a package from a folder; workspace packages by their real folder. */
function findPackage(name: string, from: string): string | undefined {
  const workspace = join(root, 'packages', name.replace('@seewhy/', ''));
  if ((name === 'seewhy' || name.startsWith('@seewhy/')) && existsSync(workspace)) return workspace;
  for (let folder = from; ; folder = join(folder, '..')) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (folder === root || folder === join(folder, '..')) return undefined;
  }
}

function folderSize(folder: string): number {
  let sum = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    // A package inside a package is counted where it is needed.
    if (entry.isDirectory()) sum += entry.name === 'node_modules' ? 0 : folderSize(path);
    else if (entry.isFile()) sum += lstatSync(path).size;
  }
  return sum;
}

/** Unpacked size of what npm would publish. */
function packedSize(folder: string): number {
  const said = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(said)[0].unpackedSize;
}

/** bin/napi-v…/<platform>/<arch> of other platforms. */
function foreignBinaries(folder: string): number {
  let sum = 0;
  const bin = join(folder, 'bin');
  for (const version of readdirSync(bin)) {
    for (const platform of readdirSync(join(bin, version))) {
      for (const arch of readdirSync(join(bin, version, platform))) {
        if (platform === process.platform && arch === process.arch) continue;
        sum += folderSize(join(bin, version, platform, arch));
      }
    }
  }
  return sum;
}
