import { readFileSync } from 'node:fs';
import {
  type ExplainOptions,
  explain,
  type Model,
  type RunTensor,
  type Segmentation,
  segmentationOf,
} from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { clampedWeights } from '../perturbation/clamped-weights.ts';
import { fixture, loadFixture, npy } from '../support.ts';
import { REFERENCES, type Reference as Row, relativeLength } from './graph-references.ts';

/** Relative length of the difference of raw maps. */
const TOLERANCE = 1e-4;
/** scikit-learn's lasso stops at a duality gap of 1e-4: with 1e-12 its coefficients move by up to 2.1e-4, to ours. */
const LASSO_TOLERANCE = 1e-3;

type Reference = Row & { readonly given: Readonly<Record<string, string>> };

const folderOf = (model: string) => {
  for (const file of ['case.json', 'model.json']) {
    try {
      return JSON.parse(readFileSync(fixture(`parity/${model}/${file}`), 'utf8')) as { model: string; input: string };
    } catch {}
  }
  throw new Error(`no case of ${model}`);
};

const models = new Map<string, Promise<Model>>();
function load(name: string): Promise<Model> {
  const known = models.get(name) ?? loadFixture(folderOf(name).model.replace(/^fixtures\//, ''), { batch: 'free' });
  models.set(name, known);
  return known;
}
const given = (row: Reference, name: string) => npy(`parity/${row.given[name]!}`);
const labelsOf = (row: Reference): Segmentation => {
  const { dims, data } = given(row, 'labels');
  return segmentationOf(dims[0]!, dims[1]!, data);
};

/** Number `name` of the peer's settings. */
const number = (row: Reference, name: string): number => row.options[name] as number;
const both = (value: unknown) => value as number | [number, number];

/** What hidden pixels become, and the regions. */
const common = (row: Reference): ExplainOptions => ({
  fill: [number(row, 'fill')],
  ...(row.given.labels ? { segmentation: labelsOf(row) } : {}),
});

/** RISE's masks of a peer that are not made as ours: enlarged with the edge repeated. */
function masksOf(row: Reference, height: number, width: number): RunTensor {
  const cells = given(row, 'grid');
  const [count, rows, columns] = cells.dims as [number, number, number];
  const upsampled = row.options.upsampled as [number, number] | undefined;
  const size = upsampled ?? [(rows + 1) * Math.ceil(height / rows), (columns + 1) * Math.ceil(width / columns)];
  const crop = row.options.crop as [number, number] | undefined;
  const shifts = crop ? undefined : given(row, 'shifts').data;
  const down = clampedWeights(rows, size[0]!);
  const across = clampedWeights(columns, size[1]!);
  const data = new Float32Array(count * height * width);
  for (let n = 0; n < count; n++) {
    const [y0, x0] = crop ?? [shifts![2 * n]!, shifts![2 * n + 1]!];
    const cell = (y: number, x: number) => cells.data[(n * rows + y) * columns + x]!;
    for (let y = 0; y < height; y++) {
      const v = down(y + y0);
      for (let x = 0; x < width; x++) {
        const h = across(x + x0);
        const upper = cell(v.first, h.first) * (1 - h.share) + cell(v.first, h.second) * h.share;
        const lower = cell(v.second, h.first) * (1 - h.share) + cell(v.second, h.second) * h.share;
        data[(n * height + y) * width + x] = upper * (1 - v.share) + lower * v.share;
      }
    }
  }
  return { type: 'float32', dims: [count, height, width], data };
}

/** RISE's masks as the paper has them, with the edge mirrored, from the cells and shifts. */
function mirrored(row: Reference, height: number, width: number): RunTensor {
  const cells = given(row, 'grid');
  const shifts = given(row, 'shifts').data;
  const [count, grid] = cells.dims as [number, number];
  const data = new Float32Array(count * height * width);
  const place = (at: number, cell: number) => {
    const exact = (at + 0.5) / cell / ((grid + 1) / grid) - 0.5;
    const first = Math.floor(exact);
    const mirror = (i: number) => (i < 0 ? -i : i >= grid ? 2 * (grid - 1) - i : i);
    return { first: mirror(first), second: mirror(first + 1), share: exact - first };
  };
  const [down, across] = [Math.ceil(height / grid), Math.ceil(width / grid)];
  for (let n = 0; n < count; n++) {
    const cell = (y: number, x: number) => cells.data[(n * grid + y) * grid + x]!;
    for (let y = 0; y < height; y++) {
      const v = place(y + shifts[2 * n]!, down);
      for (let x = 0; x < width; x++) {
        const h = place(x + shifts[2 * n + 1]!, across);
        const upper = cell(v.first, h.first) * (1 - h.share) + cell(v.first, h.second) * h.share;
        const lower = cell(v.second, h.first) * (1 - h.share) + cell(v.second, h.second) * h.share;
        data[(n * height + y) * width + x] = upper * (1 - v.share) + lower * v.share;
      }
    }
  }
  return { type: 'float32', dims: [count, height, width], data };
}

/** The same run here. */
const RUNS: Readonly<Record<string, (row: Reference, size: { height: number; width: number }) => ExplainOptions>> = {
  occlusion: (row) => ({
    methods: ['occlusion'],
    ...common(row),
    window: both(row.options.window),
    stride: both(row.options.stride),
    variant: String(row.options.combine).startsWith('sum') ? 'sum' : 'mean',
    ...(row.peer === 'tf-explain' ? { score: 'probability' as const } : {}),
  }),
  'feature-ablation': (row) => ({ methods: ['feature-ablation'], ...common(row) }),
  'shapley-sampling': (row) => ({
    methods: ['shapley-sampling'],
    ...common(row),
    permutations: given(row, 'permutations'),
  }),
  'shapley-values': (row) => ({ methods: ['kernelshap'], ...common(row) }),
  kernelshap: (row) => ({
    methods: ['kernelshap'],
    ...common(row),
    ...(row.given.samples ? { coalitions: given(row, 'samples') } : {}),
    variant: row.peer === 'xplique' ? 'free' : 'exact',
  }),
  lime: (row) => ({
    methods: ['lime'],
    ...common(row),
    coalitions: given(row, 'samples'),
    variant: String(row.options.model),
    penalty: number(row, 'alpha'),
    ...LIME_KERNELS[row.peer]!,
  }),
  rise: (row, { height, width }) => ({
    methods: ['rise'],
    grid: number(row, 'grid'),
    keep: number(row, 'keep'),
    score: row.options.score as 'logit' | 'probability',
    variant: row.peer === 'xplique' ? 'coverage' : 'keep',
    masks: row.options.edge === 'mirror' ? mirrored(row, height, width) : masksOf(row, height, width),
  }),
};

/** As the kernels are written in the references. */
const LIME_KERNELS: Readonly<Record<string, ExplainOptions>> = {
  captum: { distance: 'picture-cosine', kernelWidth: 1 },
  lime: { distance: 'cosine', kernelWidth: 0.25 },
  xplique: { distance: 'picture-euclidean', kernelWidth: 20 / Math.SQRT2 },
};

const rows = (REFERENCES as unknown as readonly Reference[]).filter((row) => row.method in RUNS && row.raw !== null);

describe('perturbation methods against the peers', () => {
  it('has references of every method', () => {
    expect(new Set(rows.map(({ method }) => method))).toEqual(new Set(Object.keys(RUNS)));
  });

  it.each(
    rows.map((row) => [`${row.model}: ${row.peer} ${row.method} ${row.variant ?? ''} of ${row.target}`, row] as const),
  )('%s', { timeout: 120_000 }, async (_, row) => {
    const model = await load(row.model);
    const { height, width } = model.image;
    const input = npy(
      row.given.input ? `parity/${row.given.input}` : `parity/${row.model}/${folderOf(row.model).input}`,
    );
    const options = { ...RUNS[row.method]!(row, { height, width }), targets: String(row.target) };
    const { raw, target } = (await explain(model, [input], options))[0]![0]!;
    const reference = npy(`parity/${row.raw}`);
    let found: ArrayLike<number> = raw[0]!.data;
    // One value a region: that of any of its pixels.
    if (row.layout.raw === 'K') {
      const { labels, count } = labelsOf(row);
      found = Array.from({ length: count }, (_, region) => raw[0]!.data[labels.indexOf(region)]!);
    }
    // tf-explain's 1 − p of each patch is ours but for the picture's own 1 − p.
    if (row.peer === 'tf-explain') {
      const side = number(row, 'window');
      found = Array.from({ length: reference.data.length }, (_, i) => {
        const [y, x] = [Math.floor(i / reference.dims[1]!), i % reference.dims[1]!];
        return raw[0]!.data[y * side * width + x * side]! + 1 - target.value;
      });
    }
    const tolerance = Math.max(row.options.model === 'lasso' ? LASSO_TOLERANCE : TOLERANCE, 3 * (row.peerError ?? 0));
    expect(relativeLength(found, reference.data)).toBeLessThan(tolerance);
  });
});
