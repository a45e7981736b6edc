import { stat } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import type { Value } from '@seewhy/onnx';
import { withFacts } from '../converted-facts.ts';
import { EXIT, errors } from '../errors.ts';
import { findBeside } from '../labels.ts';
import { writeModelFile } from '../model-file.ts';
import { labelsOf, readModel } from '../open-model.ts';
import { makeFolder } from '../output-files.ts';
import { count, err, print, say, table } from '../talk.ts';

interface ConvertOptions {
  out: string;
  size?: [number, number];
  force?: true;
  json?: true;
  quiet?: true;
  dryRun?: true;
}

/** `seewhy convert MODEL -o OUT` */
export async function convert(path: string, options: ConvertOptions): Promise<number> {
  if (extname(options.out).toLowerCase() !== '.onnx')
    throw errors.option('--out', options.out, 'the name of an .onnx file');
  if (!options.force && (await stat(options.out).catch(() => undefined))) throw errors.exists(options.out);
  const file = await readModel(path, options.size);
  const { keras } = file;
  if (!keras) throw errors.alreadyOnnx(path);
  const found = labelsOf(undefined, file, await findBeside(path));
  const classes = file.graph.outputs[0]?.shape?.at(-1);
  const labels = typeof classes === 'number' && found?.labels.length !== classes ? undefined : found;
  const notices = [...file.notices];
  if (found && !labels)
    notices.push(
      `The labels in ${found.from} are left out: there are ${found.labels.length}, the model has ${classes} classes.`,
    );
  const graph = withFacts(file.graph, labels?.labels, keras.preprocessing);
  if (!options.dryRun) {
    await makeFolder(dirname(options.out));
    await writeModelFile(graph, options.out, { force: options.force === true });
  }
  const value = ({ name, type, shape }: Value) => ({ name, type: type ?? null, shape: shape ?? null });
  if (options.json) {
    print(
      JSON.stringify(
        {
          schema: 'seewhy/convert/v1',
          model: path,
          out: options.out,
          written: !options.dryRun,
          format: keras.format,
          keras: keras.kerasVersion ?? null,
          opset: graph.opset,
          nodes: graph.nodes.length,
          inputs: graph.feeds.map(value),
          outputs: graph.outputs.map(value),
          preprocess: keras.preprocessing ?? null,
          labels: labels?.labels ?? null,
          layers: keras.layers.map(({ name, className, shape, value }) => ({ name, className, shape, value })),
          notices,
        },
        null,
        2,
      ),
    );
  }
  if (options.quiet) return EXIT.ok;
  for (const notice of notices) say(err.dim(notice));
  say(
    `${options.dryRun ? 'Would write' : 'Wrote'} ${err.bold(options.out)}: ${count(graph.nodes.length, 'node')}, opset ${graph.opset}, from ${FORMATS[keras.format]}${keras.kerasVersion ? ` of Keras ${keras.kerasVersion}` : ''} with ${count(keras.layers.length, 'layer')}`,
  );
  const shape = ({ type, shape }: Value) => `${type ?? ''} [${shape?.map((dim) => dim ?? '?').join(', ') ?? '?'}]`;
  say(
    table(
      [
        ...graph.feeds.map((input) => ['input', err.bold(input.name), shape(input)]),
        ...graph.outputs.map((output) => ['output', err.bold(output.name), shape(output)]),
      ],
      2,
      '  ',
    ),
  );
  if (keras.preprocessing)
    say(err.dim(`Pictures: keras mode '${keras.preprocessing.mode}', ${keras.preprocessing.reason}.`));
  if (labels) say(err.dim(`Labels: ${labels.labels.length}, from ${labels.from}.`));
  return EXIT.ok;
}

const FORMATS: Readonly<Record<string, string>> = {
  keras: 'a .keras file',
  hdf5: 'an HDF5 file',
  architecture: 'an architecture and its weights',
  'tfjs-layers': 'a TensorFlow.js Layers model',
  'tfjs-graph': 'a TensorFlow.js graph model',
};
