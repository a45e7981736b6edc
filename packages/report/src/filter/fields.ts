import type { AuditRecord, MapRecord } from '../audit-record.ts';
import { binaryScoreOf, CELLS, cellOf, isCorrect, predictedOf, scoreOf } from '../metrics/decision.ts';
import type { FilterContext, FilterView } from './filter-context.ts';
import type { FilterTerm } from './filter-node.ts';

/** What a field of a picture may be. */
export type FieldValue = string | number | boolean | readonly string[] | undefined;

/** A field of the filter language, ready to be read. */
export interface Field {
  readonly title: string;
  readonly read: (record: AuditRecord, view: FilterView) => FieldValue;
  /** `:` finds a part of the text; otherwise all of it. */
  readonly within?: boolean;
  /** All values it can have, where they are known: another one is likely a slip. */
  readonly known?: readonly string[];
  /** Values to offer, more may exist. */
  readonly offered?: readonly string[];
  readonly number?: boolean;
}

/** Statistics of a method's map: `gradcam.border`. */
export const MAP_FIELDS: Readonly<Record<string, { title: string; read: (map: MapRecord) => FieldValue }>> = {
  border: { title: 'share of the mass along the border', read: (map) => (map.empty ? undefined : map.border) },
  corner: {
    title: 'share of the mass in the fullest corner',
    read: (map) => (map.empty ? undefined : Math.max(...map.corners)),
  },
  inside: { title: 'share of the mass inside the mask', read: (map) => map.inside?.mass },
  iou: { title: 'best overlap with the mask', read: (map) => map.inside?.iou },
  area: { title: 'share of the picture that the mask covers', read: (map) => map.inside?.area },
  pointing: { title: 'strongest point inside the mask', read: (map) => map.inside?.pointing },
  entropy: { title: '0 one pixel, 1 even', read: (map) => (map.empty ? undefined : map.entropy) },
  focus: {
    title: 'share of the pixels that hold half of the mass',
    read: (map) => (map.empty ? undefined : map.halfMassArea),
  },
  left: {
    title: 'share of the mass in the left half',
    read: (map) => (map.empty ? undefined : map.quadrants[0] + map.quadrants[2]),
  },
  upper: {
    title: 'share of the mass in the upper half',
    read: (map) => (map.empty ? undefined : map.quadrants[0] + map.quadrants[1]),
  },
  empty: { title: 'nothing in it is positive', read: (map) => map.empty },
  flat: { title: 'the same everywhere', read: (map) => map.flat },
  low: { title: 'smallest raw value', read: (map) => map.range[0] },
  high: { title: 'largest raw value', read: (map) => map.range[1] },
  drop: {
    title: 'loss of probability when the hot part is covered',
    read: (map) => map.covered && map.covered.before - map.covered.hot,
  },
};

/** Names of classes; of a single one just the name, which is most of all pictures. */
function names({ run: { classes } }: FilterContext, indexes: readonly number[] | undefined): FieldValue {
  if (indexes?.length === 1) return classes[indexes[0]!] ?? String(indexes[0]);
  return indexes?.map((index) => classes[index] ?? String(index));
}

type FieldMaker = (context: FilterContext) => Field;

/** Fields that every audit has. */
export const FIELDS: Readonly<Record<string, FieldMaker>> = {
  id: () => ({ title: 'id of the picture', read: (record) => record.id }),
  path: () => ({ title: 'part of its path', read: (record) => record.path, within: true }),
  label: (context) => ({
    title: 'class of the label',
    read: (record) => names(context, record.label),
    known: context.run.classes,
  }),
  predicted: (context) => ({
    title: 'class decided for',
    read: (record, view) => names(context, predictedOf(record, context.run, view.threshold)),
    known: context.run.classes,
  }),
  score: ({ run }) => ({
    title: run.task === 'binary' ? 'probability of the positive class' : 'largest probability',
    number: true,
    read: (record) =>
      run.task === 'binary'
        ? binaryScoreOf(record, run)
        : record.scores.reduce<number | undefined>(
            (best, [, score]) => (Number.isFinite(score) && !(score <= (best ?? -1)) ? score : best),
            undefined,
          ),
  }),
  cell: ({ run }) => ({
    title: 'hit or miss at the threshold',
    read: (record, view) => cellOf(record, run, view.threshold),
    known: run.task === 'binary' ? CELLS : [],
  }),
  decision: ({ run }) => ({
    title: 'correct or wrong',
    read: (record, view) => {
      const correct = isCorrect(record, run, view.threshold);
      return correct === undefined ? undefined : correct ? 'correct' : 'wrong';
    },
    known: ['correct', 'wrong'],
  }),
  group: ({ groups }) => ({
    title: 'patient, site: what belongs together',
    read: (record) => record.group,
    known: groups,
  }),
  split: ({ splits }) => ({ title: 'part of the data set', read: (record) => record.split, known: splits }),
  note: () => ({
    title: "words in the reviewer's note, or in what was noticed",
    read: (record, view) => [
      ...(record.notes ?? []),
      ...(view.notes?.get(record.id) ? [view.notes.get(record.id)!] : []),
    ],
    within: true,
  }),
  cluster: ({ clusters }) => {
    const of = new Map<string, string[]>();
    for (const { name, ids } of clusters) for (const id of ids) of.set(id, [...(of.get(id) ?? []), name]);
    return {
      title: 'cluster of heatmaps',
      read: (record) => of.get(record.id),
      known: clusters.map(({ name }) => name),
    };
  },
  finding: ({ findings }) => {
    const of = new Map<string, string[]>();
    findings.forEach(({ kind, ids }, i) => {
      for (const id of ids) of.set(id, [...(of.get(id) ?? []), kind, String(i + 1)]);
    });
    return {
      title: 'kind of a finding that names the picture, or its number',
      read: (record) => of.get(record.id),
      known: [...new Set(findings.map(({ kind }) => kind)), ...findings.map((_, i) => String(i + 1))],
    };
  },
  width: () => ({ title: 'pixels across', number: true, read: (record) => record.width }),
  height: () => ({ title: 'pixels down', number: true, read: (record) => record.height }),
  brightness: () => ({ title: 'mean brightness, 0 to 255', number: true, read: (record) => record.colour[0] }),
  has: ({ run }) => ({
    title: 'what the picture has',
    read: (record, view) => [
      ...(record.label !== undefined ? ['label'] : []),
      ...(record.group !== undefined ? ['group'] : []),
      ...(record.split !== undefined ? ['split'] : []),
      ...(record.masked ? ['mask'] : []),
      ...(record.notes?.length || view.notes?.get(record.id) ? ['note'] : []),
      ...(record.maps ? Object.keys(record.maps) : []),
    ],
    known: ['label', 'group', 'split', 'mask', 'note', ...run.methods.map(({ name }) => name)],
  }),
};

export type FoundField = { readonly field: Field } | { readonly message: string; readonly near: readonly string[] };

/**
 * The field of a name: a field that every audit has, a method's statistic (`gradcam.border`), else a column of the data set (in its own
 * letters first, then whatever the case). `column(name)` is always the column.
 */
export function findField(name: string, argument: string | undefined, context: FilterContext): FoundField {
  const lower = name.toLowerCase();
  if (argument !== undefined) return lower === 'score' ? classScore(argument, context) : column(argument, context);
  if (Object.hasOwn(FIELDS, lower)) return { field: FIELDS[lower]!(context) };
  const statistic = mapStatistic(name, context);
  if (statistic) return statistic;
  const found = column(name, context);
  return 'field' in found ? found : { message: `There is no field '${shown(name)}'.`, near: allFieldNames(context) };
}

/** How a column of the data set is asked for: by its name, or as `column(…)` where the name means something else. */
export const columnField = (name: string): Pick<FilterTerm, 'field' | 'argument'> =>
  Object.hasOwn(FIELDS, name.toLowerCase()) || name.includes('.') || name === ''
    ? { field: 'column', argument: name }
    : { field: name };

/** Names of all fields, as they may be written. */
export function allFieldNames(context: FilterContext): readonly string[] {
  return [
    ...Object.keys(FIELDS),
    ...context.run.methods.flatMap(({ name }) => Object.keys(MAP_FIELDS).map((figure) => `${name}.${figure}`)),
    ...context.columns.keys(),
  ];
}

/** Names may be 10 kB long; messages may not. */
export const shown = (name: string) => (name.length > 60 ? `${name.slice(0, 60)}…` : name);

function classScore(argument: string, context: FilterContext): FoundField {
  const { classes } = context.run;
  const wanted = argument.toLowerCase();
  let index = classes.indexOf(argument);
  if (index < 0) index = classes.findIndex((name) => name.toLowerCase() === wanted);
  if (index < 0) return { message: `There is no class '${shown(argument)}'.`, near: classes };
  const { run } = context;
  const decides = run.task === 'binary' && index === (run.positive ?? 1);
  return {
    field: {
      title: `probability of ${shown(classes[index]!)}`,
      number: true,
      read: (record) => (decides ? binaryScoreOf(record, run) : scoreOf(record, index)),
    },
  };
}

function mapStatistic(name: string, context: FilterContext): FoundField | undefined {
  const dot = name.lastIndexOf('.');
  if (dot < 0) return undefined;
  const wanted = name.slice(0, dot).toLowerCase();
  const method = context.run.methods.find((other) => other.name.toLowerCase() === wanted)?.name;
  if (method === undefined) return undefined;
  const figure = name.slice(dot + 1).toLowerCase();
  if (!Object.hasOwn(MAP_FIELDS, figure)) {
    const near = Object.keys(MAP_FIELDS).map((other) => `${method}.${other}`);
    return { message: `Maps have no figure '${shown(figure)}'.`, near };
  }
  const { title, read } = MAP_FIELDS[figure]!;
  return {
    field: {
      title,
      number: true,
      read: (record) => {
        const map = record.maps && Object.hasOwn(record.maps, method) ? record.maps[method] : undefined;
        return map && read(map);
      },
    },
  };
}

function column(name: string, context: FilterContext): FoundField {
  const lower = name.toLowerCase();
  const found = context.columns.has(name)
    ? name
    : [...context.columns.keys()].find((other) => other.toLowerCase() === lower);
  if (found === undefined)
    return { message: `There is no column '${shown(name)}'.`, near: [...context.columns.keys()] };
  return {
    field: {
      title: 'column of the data set',
      offered: context.columns.get(found),
      read: ({ columns }) => (Object.hasOwn(columns, found) ? columns[found] : undefined),
    },
  };
}
