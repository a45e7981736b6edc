import { join } from 'node:path';
import { type AuditPanelMap, type HeatMap, VERSION } from '@seewhy/core';
import {
  type AuditRecord,
  type ComparedPair,
  type ComparisonData,
  encodeGrid,
  type MapRecord,
  type ReportPart,
  reportFile,
} from '@seewhy/report';
import { makeFolder, writeAtomically } from '../../output-files.ts';
import { className, shownName } from '../panels/captions.ts';
import { writePlan } from '../panels/write-plan.ts';
import { LineFile } from '../predictions.ts';
import type { Compared } from './compare-runs.ts';
import { flipsPanel } from './flips-panel.ts';
import { mapAgreement } from './map-agreement.ts';
import type { Pair } from './pair-up.ts';
import { PicturesOfRun } from './pictures-of-run.ts';
import type { MethodPair } from './shared-methods.ts';

export interface WriteComparisonRequest {
  readonly compared: Compared;
  readonly methods: readonly MethodPair[];
  readonly folder: string;
  readonly title: string;
  readonly command: readonly string[];
  /** The built page of the report. */
  readonly page: string;
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
  readonly stage: (name: string) => void;
}

/** Pairs in the report, and in `comparison.json`: flips first, then the largest changes. */
const MOST_PAIRS = 5000;
const MOST_LISTED = 1000;
/** Methods beside one another in the figure: two runs each. */
const MOST_METHODS = 2;

/**
 * Writes `comparison.json`, `panels/flips.png` (and further pages) and `report.html`.
 * @returns their paths below the folder
 */
export async function writeComparison(request: WriteComparisonRequest): Promise<string[]> {
  const { compared, folder, methods, stage, signal } = request;
  const { a, b } = compared.runs;
  stage('pictures');
  const sides = { a: await PicturesOfRun.open(a.folder), b: await PicturesOfRun.open(b.folder) };
  const notices = [...new Set([sides.a.notice, sides.b.notice])].filter((text) => text !== undefined);
  const left = compared.pairs.length - MOST_PAIRS;
  if (left > 0)
    notices.push(
      `The report shows ${MOST_PAIRS.toLocaleString('en')} of ${compared.pairs.length.toLocaleString('en')} pictures: flips, then the largest changes of score. All are in the figures.`,
    );

  stage('panels');
  await makeFolder(join(folder, 'panels'));
  const byId = new Map(compared.pairs.map((pair) => [pair.id, pair]));
  const plan = flipsPanel(compared.pairs, { a: a.run, b: b.run });
  const shownMethods = methods.slice(0, MOST_METHODS);
  const panels = await writePlan({
    plan: { ...plan, subtitle: subtitleOf(compared, shownMethods, methods.length) },
    methods: shownMethods.flatMap((pair) => [`A: ${shownName(pair.a.title)}`, `B: ${shownName(pair.b.title)}`]),
    item: async (item) => {
      const pair = byId.get(item.id)!;
      const picture = (await sides.a.picture(pair.id)) ?? (await sides.b.picture(pair.b.id));
      const maps: AuditPanelMap[] = [];
      for (const method of shownMethods) {
        maps.push(await panelMap(sides.a, pair.a.maps?.[method.a.name], method.a.signed, compared));
        maps.push(await panelMap(sides.b, pair.b.maps?.[method.b.name], method.b.signed, compared));
      }
      return { ...item, tag: pair.a.sha256.slice(0, 8), ...(picture ? { picture } : {}), maps };
    },
    folder,
    name: 'panels/flips',
    signal,
  });

  stage('report');
  const pairs = await withMaps(compared.pairs.slice(0, MOST_PAIRS), methods, sides, signal);
  const data: ComparisonData = {
    ...compared,
    title: request.title,
    command: request.command,
    created: new Date().toISOString(),
    versions: { seewhy: VERSION, node: process.versions.node },
    notices: [...compared.notices, ...notices],
    pairs,
  };
  const file = new LineFile(join(folder, 'report.html'));
  try {
    const parts = partsOf(pairs, methods, sides);
    for await (const piece of reportFile(request.page, data, parts, { maxBytes: request.maxBytes })) {
      signal?.throwIfAborted();
      await file.write(piece);
    }
  } catch (error) {
    await file.end(false);
    throw error;
  }
  await file.end();
  await writeAtomically(
    join(folder, 'comparison.json'),
    Buffer.from(`${JSON.stringify(listed(data), null, 2)}\n`),
    true,
  );
  return ['comparison.json', 'report.html', ...panels];
}

/** Method, models and how the pictures were joined. */
function subtitleOf(compared: Compared, shown: readonly MethodPair[], all: number): string[] {
  const { a, b } = compared.runs;
  const { joined } = compared;
  const at = ({ title, layers }: MethodPair['a']) => (layers.length > 0 ? `${title} at ${layers.join(', ')}` : title);
  const names = shown.map((pair) => (at(pair.a) === at(pair.b) ? at(pair.a) : `A ${at(pair.a)}, B ${at(pair.b)}`));
  return [
    `A: ${shownName(a.run.title)}, B: ${shownName(b.run.title)}`,
    `${joined.pictures} pictures in both, joined by ${joined.by === 'id' ? 'id' : 'content'}; ${joined.labelled} have a label. The numbers above a picture are the scores of A and B.`,
    ...(names.length > 0
      ? [
          `${names.map(shownName).join('; ')}${all > shown.length ? `; ${all - shown.length} more methods are in the report` : ''}`,
        ]
      : []),
  ];
}

async function panelMap(
  side: PicturesOfRun,
  record: MapRecord | undefined,
  signed: boolean,
  { runs }: Compared,
): Promise<AuditPanelMap> {
  if (!record) return { note: 'not explained' };
  const note = `for ${className(runs.a.run, record.target)}`;
  const map = await side.map(record);
  if (!map) return { note, warning: 'the map cannot be read' };
  const warning = record.empty
    ? 'empty: nothing in the picture speaks for it'
    : record.flat
      ? 'flat: the same everywhere'
      : undefined;
  return { map, signed, range: record.range, note, ...(warning ? { warning } : {}) };
}

interface Sides {
  readonly a: PicturesOfRun;
  readonly b: PicturesOfRun;
}

/** How much the maps of each pair agree; their small pictures are not in the tables and are made anew. */
async function withMaps(
  pairs: readonly Pair[],
  methods: readonly MethodPair[],
  sides: Sides,
  signal: AbortSignal | undefined,
): Promise<ComparedPair[]> {
  const found: ComparedPair[] = [];
  for (const pair of pairs) {
    signal?.throwIfAborted();
    const agreement: Record<string, number | null> = {};
    let { a, b } = pair;
    for (const method of methods) {
      const left = await sides.a.map(a.maps?.[method.a.name]);
      const right = await sides.b.map(b.maps?.[method.b.name]);
      if (left) a = withGrid(a, method.a.name, left);
      if (right) b = withGrid(b, method.b.name, right);
      if (left && right && method.a.name === method.b.name) agreement[method.a.name] = mapAgreement(left, right);
    }
    found.push({ ...pair, a, b, agreement });
  }
  return found;
}

function withGrid(record: AuditRecord, method: string, { data, width, height }: HeatMap): AuditRecord {
  const grid = encodeGrid(
    data.map((value) => Math.max(0, value || 0)),
    width,
    height,
  );
  return { ...record, maps: { ...record.maps, [method]: { ...record.maps![method]!, grid } } };
}

/** Pictures (A's, else B's) and the maps of both runs, pair by pair. */
async function* partsOf(
  pairs: readonly ComparedPair[],
  methods: readonly MethodPair[],
  sides: Sides,
): AsyncGenerator<ReportPart> {
  for (const { id, a, b } of pairs) {
    const picture = sides.a.file(a.id) ?? sides.b.file(b.id);
    const type = TYPES.find((one) => one === picture?.type);
    if (picture && type) yield { kind: 'picture', id, bytes: picture.bytes, type };
    for (const method of methods) {
      for (const [side, record, { name, signed }] of [
        ['a', a, method.a],
        ['b', b, method.b],
      ] as const) {
        const map = await sides[side].map(record.maps?.[name]);
        if (!map) continue;
        const { width, height, data } = map;
        yield { kind: 'map', id, method: name, side, width, height, data: bytesOf(data, signed) };
      }
    }
  }
}

const TYPES = ['image/webp', 'image/jpeg', 'image/png'] as const;

/** A map's values as bytes: 0..255 for 0..1, signed ones for −1..1. */
const bytesOf = (data: Float32Array, signed: boolean): Uint8Array =>
  Uint8Array.from(data, (value) => {
    const share = signed ? (value + 1) / 2 : value;
    return Math.round(255 * Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)));
  });

/** `comparison.json`: pairs as what changed of them, flips and the largest changes only. */
function listed(data: ComparisonData): object {
  const { pairs, ...rest } = data;
  const changed = pairs.filter(({ flip, change }) => flip !== undefined || (change !== null && change !== 0));
  const { classes } = data.runs.a.run;
  const names = (record: AuditRecord) => record.label?.map((index) => classes[index] ?? String(index)) ?? null;
  const score = (record: AuditRecord, about: number | null) =>
    record.scores.find(([index]) => index === about)?.[1] ?? null;
  return {
    ...rest,
    changed: changed.slice(0, MOST_LISTED).map(({ id, idB, a, b, flip, change, about, agreement }) => ({
      id,
      ...(idB === undefined ? {} : { idB }),
      label: names(a),
      ...(a.group === undefined ? {} : { group: a.group }),
      flip: flip ?? null,
      class: about === null ? null : (classes[about] ?? null),
      a: score(a, about),
      b: score(b, about),
      change,
      agreement,
    })),
    changedLeftOut: Math.max(0, changed.length - MOST_LISTED),
  };
}
