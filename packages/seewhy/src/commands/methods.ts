import {
  findMethod,
  flagOf,
  hasOption,
  METHOD_OPTIONS,
  METHODS,
  type Method,
  OPTION_NAMES,
  type OptionName,
  usesLayer,
} from '@seewhy/core';
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
  kind: method.kind,
  needs: method.needs,
  output: method.output,
  cost: method.cost,
  stages: method.stages,
  options: optionsOf(method).map(({ name, value }) => ({
    name,
    flag: flagOf(name),
    default: value ?? null,
    ...METHOD_OPTIONS[name],
  })),
  ...(method.variants ? { variants: method.variants } : {}),
  ...(method.caution ? { caution: method.caution } : {}),
});

/** The options of a method with their defaults, in the order of the table of options. */
function optionsOf(method: Method): { name: OptionName; value: unknown }[] {
  return OPTION_NAMES.filter((name) => hasOption(method, name)).map((name) => ({
    name,
    value: name === 'variant' ? Object.keys(method.variants!)[0] : method.options?.[name],
  }));
}

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
  const layered = usesLayer(method);
  const raw = {
    layer: '[h, w] of the layer, one a layer (--save raw)',
    pixel: "the input's own shape (--save raw)",
    plane: "[height, width] of the model's input (--save raw)",
  }[method.output];
  const sampling = method.kind === 'sampling';
  const rows: string[][] = [
    ['formula', method.formula],
    ['needs', NEEDS[method.needs]],
    ['raw map', raw],
    ['then', stages(method)],
    ['cost', method.cost],
    ...(method.caution ? [['mind', method.caution]] : []),
    ...optionsOf(method).map(({ name, value }) => [flagOf(name), describe(name, value, method)]),
    ...(sampling
      ? [
          ['--seed', 'equal seeds give equal maps (default: 0)'],
          ['--until', 'stop when the relative uncertainty is at most this (default: take all samples)'],
          ['--batch', 'samples in one run (default: measured)'],
        ]
      : []),
    ...(layered
      ? [
          ['--layer', 'one or several names (default: the last spatial layer before the head)'],
          ['--fusion', 'how several layers become one map: max, mean, product (default: max)'],
        ]
      : []),
    ...(method.output === 'pixel' ? [] : [['--preset', 'finish the map as another library does (default: seewhy)']]),
    ['--target', 'what to explain: top, top:3, all, an index, a label, A-B … (default: top)'],
    ['--score', 'logit, probability … (default: logit)'],
    ['also called', method.aliases.join(', ')],
  ];
  return [
    `${out.bold(method.title)}  ${out.dim(method.name)}`,
    wrap(method.summary, 100),
    '',
    table(
      rows.flatMap(([label, text]) =>
        wrap(text!, 86)
          .split('\n')
          .map((line, at) => [out.dim(at === 0 ? label! : ''), line]),
      ),
      2,
      '  ',
    ),
    '',
    wrap(method.paper, 100, '  '),
  ].join('\n');
}

/** What an option is, what it takes and what it is by default. */
function describe(name: OptionName, value: unknown, method: Method): string {
  const info = METHOD_OPTIONS[name];
  if (name === 'variant') {
    const forms = Object.entries(method.variants!).map(([form, about]) => `${form} (${about})`);
    return `${info.about}: ${forms.join('; ')} (default: ${String(value)})`;
  }
  const takes = info.choices ? `: ${info.choices.join(', ')}` : info.unit ? `, in ${info.unit}` : '';
  return `${info.about}${takes}${value === undefined ? '' : ` (default: ${String(value)})`}`;
}

function stages({ stages: { reduce, rectify, signed }, output }: Method): string {
  const channels = {
    'max-abs': 'largest magnitude over channels',
    'sum-abs': 'sum of magnitudes over channels',
    sum: 'sum over channels',
  };
  const finish =
    output === 'layer' || (output === 'plane' && !signed)
      ? 'bilinear to the input, scaled to 0…1'
      : signed || reduce === 'sum'
        ? 'scaled by the 99th percentile to −1…1'
        : 'scaled by the 99th percentile to 0…1';
  return [
    ...(reduce ? [channels[reduce]] : []),
    ...(rectify === 'relu' ? ['negative values to zero'] : []),
    finish,
  ].join(', ');
}
