import { slugOf, usesLayer } from '@seewhy/core';
import { EXIT } from '../errors.ts';
import { suffixOf } from '../output-files.ts';
import { preprocessFacts } from '../preprocess-facts.ts';
import { count, err, out, print, say, table } from '../talk.ts';
import type { ExplainCommandOptions, ExplainPlan } from './plan-explain.ts';

/** Shows what `seewhy explain` would do, as text or as a document, and does nothing. */
export function explainDryRun(plan: ExplainPlan, options: ExplainCommandOptions): number {
  const { opened, resolved, sources, to, save, batch, targets } = plan;
  const layered = resolved.methods.some(({ method }) => usesLayer(method));
  const slugs = targets.own
    ? targets.texts.map(() => '<target>')
    : resolved.targets.map((target) => (target.kind === 'top' ? '<class>' : slugOf(target)));
  const names = (stem: string) =>
    resolved.methods.flatMap(({ method }) =>
      [...new Set(slugs)].flatMap((slug) =>
        save.map((kind) => `${stem}${suffixOf(kind, method.name, 'x').replace('.x', `.${slug}`)}`),
      ),
    );
  const files =
    to.kind === 'file'
      ? [to.file]
      : sources.flatMap((source) => names(source.stem).map((name) => `${to.folder}/${name}`));
  const runs = Math.ceil(sources.length / batch);
  const plans = {
    schema: 'seewhy/dry-run/v1',
    model: {
      path: opened.path,
      runtime: opened.model.runtime.name,
      input: opened.model.image,
      classes: opened.model.output.classes,
      labelsFrom: opened.labelsFrom ?? null,
    },
    preprocess: { ...opened.preprocess, ...preprocessFacts(opened) },
    methods: resolved.methods.map(({ method }) => ({ name: method.name, cost: method.cost })),
    targets: targets.own ? targets.texts : resolved.targets.map((target) => target.asked),
    layers: layered ? resolved.layers.map((layer) => ({ name: layer.name, shape: layer.shape })) : [],
    layerReason: resolved.layersChosen && layered ? opened.model.defaultLayerReason : null,
    score: resolved.score,
    preset: resolved.preset,
    fusion: resolved.fusion,
    save,
    out: to.kind === 'file' ? to.file : to.folder,
    pictures: sources.length,
    batch,
    runs,
    files: {
      count: files.length * (slugs.length > 1 && new Set(slugs).size === 1 ? slugs.length : 1),
      names: files.slice(0, 1000),
    },
    notices: plan.notices,
  };
  if (options.json || options.jsonl) {
    print(JSON.stringify(plans, null, options.json ? 2 : undefined));
    return EXIT.ok;
  }
  for (const notice of plan.notices) if (!options.quiet) say(err.dim(notice));
  const passes = resolved.targets.length > 1 ? `, ${resolved.targets.length} targets: one backward pass each` : '';
  const rows: [string, string][] = [
    ['model', `${opened.path}, ${opened.model.runtime.name}`],
    ['preprocessing', `${plans.preprocess.text} (${opened.preprocessFrom})`],
    ['methods', resolved.methods.map(({ method }) => `${method.name} (${method.cost})`).join(', ')],
    ['targets', [...new Set(plans.targets)].join(', ')],
    ...(layered
      ? [
          [
            'layers',
            `${resolved.layers.map((layer) => layer.name).join(', ')}${resolved.layersChosen ? ` (${opened.model.defaultLayerReason})` : ''}`,
          ] as [string, string],
        ]
      : []),
    ['score', resolved.score],
    ['pictures', `${sources.length}`],
    [
      'cost',
      `${count(runs, 'run')} of the model and its backward pass, ${batch === 1 ? 'one picture' : `up to ${batch} pictures`} each${passes}`,
    ],
    ['files', `${plans.files.count} in ${plans.out}`],
  ];
  print(out.bold('Dry run: nothing is run, nothing is written.'));
  print(
    table(
      rows.map(([label, text]) => [out.dim(label), text]),
      2,
      '  ',
    ),
  );
  for (const file of files.slice(0, 20)) print(`    ${file}`);
  if (files.length > 20) print(out.dim(`    … ${files.length - 20} more`));
  return EXIT.ok;
}
