import { existsSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/**
 * What some tests need and a machine may lack. Each function returns where the component is, or `undefined` after saying once
 * in the whole test run what is skipped and how to get it. With `CI=true` nothing may be skipped: there it throws.
 *
 *   const python = pythonPeers('torch');
 *   describe.skipIf(!python)('against torch', () => { … });
 */
function missing(component: string, skipped: string, cure: string): undefined {
  const line = `${component} not found: ${skipped} skipped. ${cure}`;
  if (process.env.CI === 'true') throw new Error(`${line} (with CI=true nothing may be skipped)`);
  if (firstToSay(component)) process.stderr.write(`skip: ${line}\n`);
  return undefined;
}

/** Test files run in processes of their own: the first one that makes the file says the line. */
function firstToSay(component: string): boolean {
  const folder = process.env.SEEWHY_TEST_RUN;
  if (!folder) return true;
  try {
    writeFileSync(join(folder, component.replaceAll(/\W+/g, '-')), '', { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

function inPath(...names: string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file));
}

/** Path of a Chromium or Chrome; `CHROMIUM` names another one. */
export function chromium(): string | undefined {
  const named = process.env.CHROMIUM;
  const found = named && existsSync(named) ? named : inPath('chromium', 'chromium-browser', 'google-chrome', 'chrome');
  return (
    found ??
    missing('Chromium', 'browser tests are', 'On Debian: apt-get install chromium; or CHROMIUM=/path/to/chrome')
  );
}

/** Path of the python of an environment made by tools/peers/install.sh. */
export function pythonPeers(name: 'torch' | 'tensorflow'): string | undefined {
  const root = process.env.SEEWHY_PEERS || join(homedir(), '.cache', 'seewhy');
  const python = join(root, name, 'bin', 'python');
  // The stamp is written last: without it the environment is half made.
  if (existsSync(python) && existsSync(join(root, name, 'seewhy-stamp'))) return python;
  return missing(`Python peers (${name})`, 'comparisons with them are', `Run tools/peers/install.sh ${name}`);
}

/** Folder of the ONNX project's operator and model tests, as Debian packs them. */
export function onnxTestdata(): string | undefined {
  const folder = process.env.ONNX_TESTDATA ?? '/usr/share/libonnx-testdata';
  if (existsSync(join(folder, 'data', 'node'))) return folder;
  return missing('libonnx-testdata', "ONNX's own operator tests are", 'On Debian: apt-get install libonnx-testdata');
}

/** Folder of the trained models that tools/keras/npm-models.ts takes out of npm packages. */
export function npmModels(): string | undefined {
  const root = process.env.SEEWHY_KERAS ?? join(homedir(), '.cache', 'seewhy', 'keras');
  const folder = join(root, 'npm');
  if (existsSync(join(folder, 'nsfwjs-inception_v3', 'output.npy'))) return folder;
  return missing('Models of npm packages', 'comparisons with them are', 'Run npx tsx tools/keras/npm-models.ts');
}

/** Folder of the trained graph models that tools/keras-graph/npm-models.ts takes out of npm packages. */
export function npmGraphModels(): string | undefined {
  const root = process.env.SEEWHY_KERAS ?? join(homedir(), '.cache', 'seewhy', 'keras');
  const folder = join(root, 'npm');
  if (existsSync(join(folder, 'human-emotion', 'output.npy'))) return folder;
  const cure = 'Run npx tsx tools/keras-graph/npm-models.ts';
  return missing('Graph models of npm packages', 'comparisons with them are', cure);
}

/** EfficientNetB5 as Keras exports it to ONNX (tools/keras/exported.py), without `.onnx` or `.json`. */
export function kerasExport(): string | undefined {
  const root = process.env.SEEWHY_KERAS ?? join(homedir(), '.cache', 'seewhy', 'keras');
  const stem = join(root, 'EfficientNetB5.exported');
  if (existsSync(`${stem}.json`)) return stem;
  return missing(
    "Keras's export of EfficientNetB5",
    'its repair is',
    `Run tools/keras/exported.py --efficientnet ${root}`,
  );
}

/** Folder of EfficientNetB5 with one sigmoid output as `.keras` and `.h5`, as the benchmark has it. */
export function binaryEfficientNet(): string | undefined {
  const folder = process.env.SEEWHY_BENCH || join(homedir(), '.cache', 'seewhy', 'bench');
  if (existsSync(join(folder, 'EfficientNetB5.keras'))) return folder;
  const cure = 'Run bench/peers/keras_models.py with the Python of tools/peers/install.sh tensorflow';
  return missing('EfficientNetB5 with a binary head', 'its explanations are', cure);
}

/** Folder of the Fashion-MNIST data set, as Debian packs it. */
export function fashionMnist(): string | undefined {
  const folder = process.env.FASHION_MNIST ?? '/usr/share/datasets/fashion-mnist';
  if (existsSync(join(folder, 'train-images-idx3-ubyte.gz'))) return folder;
  return missing('Fashion-MNIST', 'the training example is', 'On Debian: apt-get install dataset-fashion-mnist');
}

/** Folder of the photographs with alpha masks that Debian packs as stamps for Tux Paint. */
export function tuxpaintStamps(): string | undefined {
  const folder = process.env.TUXPAINT_STAMPS ?? '/usr/share/tuxpaint/stamps';
  if (existsSync(join(folder, 'animals', 'birds', 'hen.png'))) return folder;
  return missing("Tux Paint's stamps", 'their audit is', 'On Debian: apt-get install tuxpaint-stamps-default');
}
