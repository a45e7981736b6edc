import { realpath, stat } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import {
  compileExplained,
  graphMethods,
  type Model,
  resolveOptions,
  type Target,
  targetText,
  usesLayer,
} from '@seewhy/core';
import type { Graph, Value } from '@seewhy/onnx';
import { EXIT, errors } from '../errors.ts';
import { writeModelFile } from '../model-file.ts';
import { openModel } from '../open-model.ts';
import { type ExplainOptions, explainOptions, loadOptions } from '../options.ts';
import { makeFolder } from '../output-files.ts';
import { count, err, print, say, table } from '../talk.ts';

interface CompileOptions extends ExplainOptions {
  out: string;
  map?: true;
  force?: true;
  json?: true;
  dryRun?: true;
}

/** `seewhy compile MODEL -o OUT` */
export async function compile(path: string, options: CompileOptions): Promise<number> {
  if (extname(options.out).toLowerCase() !== '.onnx')
    throw errors.option('--out', options.out, 'the name of an .onnx file');
  if (options.fusion && !options.map)
    throw errors.optionClash(
      '--fusion says how layers become one finished map, and without --map there is none',
      'Add --map, or leave --fusion out.',
    );
  if (await isSameFile(path, options.out)) throw errors.outputIsModel(options.out);
  if (!options.force && (await stat(options.out).catch(() => undefined))) throw errors.exists(options.out);
  const opened = await openModel(path, { ...loadOptions(options), batch: 'free' });
  const { model } = opened;
  const input = options.target?.length === 1 && options.target[0]?.trim() === 'input';
  const resolved = resolveOptions(model, explainOptions(input ? { ...options, target: ['top'] } : options, opened));
  if (resolved.targets.length > 1) {
    throw errors.optionClash(
      `--target ${options.target?.join(',')} names ${resolved.targets.length} classes, and a compiled model explains one`,
      "Give one, 'top', or 'input' to choose it at run time.",
    );
  }
  const target: Target | 'input' = input ? 'input' : resolved.targets[0]!;
  const graph = compileExplained(model, {
    methods: graphMethods(resolved.methods),
    layers: resolved.layers,
    target,
    score: resolved.score,
    map: options.map ? resolved : undefined,
  });
  if (!options.dryRun) {
    await makeFolder(dirname(options.out));
    await writeModelFile(graph, options.out, { force: options.force === true });
  }
  const own = new Set(opened.source.outputs.map((value) => value.name));
  const named = input ? 'the class given by the input target' : describeTarget(target as Target, model);
  if (options.json) {
    const value = ({ name, type, shape }: Value) => ({ name, type: type ?? null, shape: shape ?? null });
    print(
      JSON.stringify(
        {
          schema: 'seewhy/compile/v1',
          model: path,
          out: options.out,
          written: !options.dryRun,
          opset: graph.opset,
          methods: resolved.methods.map(({ method }) => method.name),
          layers: resolved.layers.map((layer) => layer.name),
          target: input ? 'input' : (target as Target).asked,
          score: resolved.score,
          inputs: graph.feeds.map(value),
          outputs: graph.outputs.map((output) => ({ ...value(output), added: !own.has(output.name) })),
          notices: opened.notices,
        },
        null,
        2,
      ),
    );
  }
  if (!options.quiet) report(graph, own);
  return EXIT.ok;

  function report(graph: Graph, own: ReadonlySet<string>): void {
    for (const notice of opened.notices) say(err.dim(notice));
    const shape = (value: Value) => `${value.type ?? ''} [${value.shape?.map((dim) => dim ?? '?').join(', ') ?? '?'}]`;
    say(
      `${options.dryRun ? 'Would write' : 'Wrote'} ${err.bold(options.out)}: explains ${named}, opset ${graph.opset}`,
    );
    const extra = graph.feeds.length - opened.model.graph.feeds.length;
    say(
      table(
        [
          ...(extra > 0
            ? graph.feeds.slice(-extra).map((value) => ['input', err.bold(value.name), shape(value), ''])
            : []),
          ...graph.outputs.map((value) => [
            'output',
            own.has(value.name) ? value.name : err.bold(value.name),
            shape(value),
            own.has(value.name) ? err.dim("the model's own") : '',
          ]),
        ],
        2,
        '  ',
      ),
    );
    if (resolved.layers.length > 0 && resolved.methods.some(({ method }) => usesLayer(method)))
      say(
        err.dim(`${count(resolved.layers.length, 'layer')}: ${resolved.layers.map((layer) => layer.name).join(', ')}`),
      );
  }
}

/** Whether two paths lead to the same file; false where one is not there. */
async function isSameFile(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((path) => realpath(path).catch(() => undefined)));
  return first !== undefined && first === second;
}

function describeTarget(target: Target, { output, labels }: Model): string {
  const name = (index: number) => (labels?.[index] ? `${index} ${labels[index]}` : `class ${index}`);
  if (target.kind === 'top')
    return target.rank === 0 ? 'the best class of each picture' : `class number ${target.rank + 1} of each picture`;
  if (target.kind === 'class') return name(target.index);
  return target.kind === 'contrast'
    ? `${name(target.index)} against ${name(target.against)}`
    : targetText(target, output, labels);
}
