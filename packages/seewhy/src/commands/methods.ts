import { findMethod, METHODS, type Method } from '@seewhy/core';
import { EXIT } from '../errors.ts';
import { out, print, table, wrap } from '../talk.ts';

const NEEDS: Readonly<Record<Method['needs'], string>> = {
  'layer gradient': 'a layer with spatial extent, and gradients from the class back to it',
  'input gradient': 'gradients from the class back to the picture',
  'layer and input gradient': 'a layer with spatial extent, and gradients from the class back to it and to the picture',
  'linear head': 'a head of global pooling and one linear layer behind the layer',
  layer: 'a layer with spatial extent; no gradients',
  runs: 'nothing but that the model runs; no gradients',
  picture: 'the picture alone: a control',
};

const asJson = (method: Method) => ({
  name: method.name,
  title: method.title,
  aliases: method.aliases,
  summary: method.summary,
  formula: method.formula,
  paper: method.paper,
  needs: method.needs,
  output: method.output,
  cost: method.cost,
  stages: method.stages,
});

/** `seewhy methods [NAME]` */
export async function methods(name: string | undefined, options: { json?: true }): Promise<number> {
  if (name === undefined) {
    if (options.json) print(JSON.stringify({ schema: 'seewhy/methods/v1', methods: METHODS.map(asJson) }, null, 2));
    else {
      const rows = METHODS.map((method) => [out.bold(method.name), out.dim(method.cost), method.summary]);
      print(table([[out.dim('method'), out.dim('cost'), out.dim('what it shows')], ...rows], 3));
      print();
      print(
        out.dim(
          "Cost is measured in plain predictions on large networks. 'seewhy methods NAME' tells formula, options and paper;",
        ),
      );
      print(
        out.dim(
          "'seewhy inspect MODEL' tells which of them work on a model, 'seewhy bench MODEL' what they cost there.",
        ),
      );
    }
    return EXIT.ok;
  }
  const method = findMethod(name);
  if (options.json) print(JSON.stringify({ schema: 'seewhy/method/v1', ...asJson(method) }, null, 2));
  else print(card(method));
  return EXIT.ok;
}

function card(method: Method): string {
  const layer = method.output === 'layer';
  const rows: string[][] = [
    ['formula', method.formula],
    ['needs', NEEDS[method.needs]],
    ['raw map', layer ? '[h, w] of the layer, one a layer (--save raw)' : "the input's own shape (--save raw)"],
    ['then', stages(method)],
    ['cost', method.cost],
    ...(layer
      ? [
          ['--layer', 'one or several names (default: the last spatial layer before the head)'],
          ['--fusion', 'how several layers become one map: max, mean, product (default: max)'],
          ['--preset', 'finish the map as another library does (default: seewhy)'],
        ]
      : []),
    ['--target', 'class to explain: top, top:3, all, an index, a label, A-B (default: top)'],
    ['--score', 'logit or probability (default: logit)'],
    ['also called', method.aliases.join(', ')],
  ];
  return [
    `${out.bold(method.title)}  ${out.dim(method.name)}`,
    wrap(method.summary, 100),
    '',
    table(
      rows.map(([label, text]) => [out.dim(label!), text!]),
      2,
      '  ',
    ),
    '',
    wrap(method.paper, 100, '  '),
  ].join('\n');
}

function stages({ stages: { reduce, rectify }, output }: Method): string {
  const channels = {
    'max-abs': 'largest magnitude over channels',
    'sum-abs': 'sum of magnitudes over channels',
    sum: 'sum over channels',
  };
  const parts = [
    ...(reduce ? [channels[reduce]] : []),
    ...(rectify === 'relu' ? ['negative values to zero'] : []),
    output === 'layer'
      ? 'bilinear to the input, scaled to 0…1'
      : reduce === 'sum'
        ? 'scaled by the 99th percentile to −1…1'
        : 'scaled by the 99th percentile to 0…1',
  ];
  return parts.join(', ');
}
