import type { AuditRecord, ReportData, ReportPart, Task } from '@seewhy/report';
import { random } from '../../../../tools/test-support/random.ts';
import { toBase64 } from '../../src/base64.ts';
import { mapRecordOf } from '../../src/map-statistics/map-record-of.ts';
import { drawMap, drawMask, drawPicture, type Scene, TONES } from './drawn-scene.ts';
import { encodePng } from './encode-png.ts';
import { HOSTILE_IDS } from './hostile-ids.ts';
import { clustersOf, findingsOf } from './synthetic-findings.ts';
import { runOf } from './synthetic-run.ts';

export interface SyntheticOptions {
  readonly task?: Task;
  readonly count?: number;
  /** Side of the pictures in pixels (default 128). */
  readonly side?: number;
  /** Side of the maps (default 64). */
  readonly mapSide?: number;
  readonly methods?: readonly string[];
  readonly seed?: number;
  /** Amplitude of the grain over the pictures (default 6): makes the files larger. */
  readonly grain?: number;
  /** Only so many different pictures are drawn, then they repeat (default: all differ). */
  readonly distinct?: number;
  /** Ids, labels, groups and findings that try to break out of the page. */
  readonly hostile?: boolean;
  /** Leave out labels, groups, columns. */
  readonly bare?: boolean;
}

export interface SyntheticReport {
  readonly data: ReportData;
  parts(): AsyncGenerator<ReportPart>;
}

const CLASSES: Record<Task, readonly string[]> = {
  binary: ['benign', 'malignant'],
  multiclass: ['nevus', 'melanoma', 'keratosis', 'carcinoma', 'vascular', 'dermatofibroma'],
  multilabel: ['asymmetry', 'irregular border', 'several colours', 'large diameter'],
};

/** A report that looks like a real one and is drawn by code: skin, spots, rulers, patients. */
export function syntheticReport(options: SyntheticOptions = {}): SyntheticReport {
  const { task = 'binary', count = 60, side = 128, mapSide = 64, methods = ['gradcam'], seed = 1, grain = 6 } = options;
  const { hostile = false, bare = false, distinct = count } = options;
  const drawn = new Map<string, Uint8Array>();
  const once = (key: string, draw: () => Uint8Array) => {
    const known = drawn.get(key) ?? draw();
    if (distinct < count) drawn.set(key, known);
    return known;
  };
  const next = random(seed);
  const classes = hostile ? CLASSES[task].map((name, i) => HOSTILE_IDS[i]! + name) : CLASSES[task];
  const scenes: Scene[] = [];
  const onRuler: boolean[] = [];
  const records: AuditRecord[] = [];
  for (let i = 0; i < count; i++) {
    const truth = Math.floor(next() * classes.length * 0.999);
    const easy = next();
    const scene: Scene = {
      seed: seed * 1000 + i,
      kind: task === 'binary' ? truth : truth,
      x: 0.35 + 0.3 * next(),
      y: 0.35 + 0.3 * next(),
      radius: 0.16 + 0.14 * next(),
      ruler: truth === 1 ? next() < 0.5 : next() < 0.12,
      tone: TONES[Math.floor(next() * 4)]!,
    };
    scenes.push(scene);
    onRuler.push(scene.ruler);
    const { scores, label } = predict(task, classes.length, truth, easy, scene.ruler, next);
    const id = hostile && i < HOSTILE_IDS.length ? HOSTILE_IDS[i]! : `ISIC_${String(240000 + i * 37)}`;
    const top = scores.reduce((best, score, k) => (score > scores[best]! ? k : best), 0);
    const target = task === 'binary' ? (scores[1]! >= 0.5 ? 1 : 0) : top;
    const group = `patient-${String(1 + Math.floor((i * 7919) % Math.max(2, Math.round(count / 6)))).padStart(3, '0')}`;
    records.push({
      id,
      path: `images/${id}.png`,
      ...(bare && i % 2 ? {} : { label }),
      scores: scores.map((score, k) => [k, score] as const).sort((a, b) => b[1] - a[1]),
      ...(bare ? {} : { group: hostile && i < 4 ? HOSTILE_IDS[i]! : group, split: i === 5 ? 'train' : 'validation' }),
      columns: bare
        ? {}
        : {
            site: ['back', 'arm', 'face'][i % 3]!,
            age: 20 + Math.floor(60 * next()),
            ruler: scene.ruler,
            ...(hostile ? { [HOSTILE_IDS[0]!]: HOSTILE_IDS[6]! } : {}),
          },
      width: side,
      height: side,
      sha256: (seed * 1000 + i).toString(16).padStart(64, '0'),
      fingerprint: (i * 2654435761).toString(16).padStart(16, '0'),
      colour: [150, 170, 140, 120],
      masked: !bare,
      maps: Object.fromEntries(
        methods.map((method, m) => {
          const known = records[i % distinct]?.maps?.[method];
          if (known) return [method, { ...known, target }];
          const data = drawMap(scene, mapSide, m, scene.ruler);
          const mask = { data: drawMask(scene, mapSide), width: mapSide, height: mapSide };
          const fields = mapRecordOf({ data, width: mapSide, height: mapSide }, bare ? undefined : mask);
          return [
            method,
            {
              ...fields,
              target,
              range: [0, 0.2 + 3 * scores[top]!] as const,
              warnings: i % 41 === 3 ? ['Nearly all of the map is on one cell.'] : [],
              patch: toBase64(new Uint8Array(192).fill(120)),
              ...(i % 5 === 0 ? { covered: { before: 0.9, hot: 0.35, cold: 0.86 } } : {}),
            },
          ];
        }),
      ),
      ...(i % 29 === 4 ? { notes: ['The picture has an alpha channel: it was laid on white.'] } : {}),
    });
  }
  const run = runOf(task, classes, methods, records, seed, hostile);
  const clusters = clustersOf(records, methods[0], onRuler, classes.length);
  const findings = findingsOf(records, run, clusters, hostile);
  const omitted: string[] = [];
  return {
    data: { run, records, findings, clusters, omitted },
    async *parts() {
      for (let i = 0; i < records.length; i++) {
        const k = i % distinct;
        const scene = scenes[k]!;
        const { id } = records[i]!;
        const bytes = once(`picture ${k}`, () => encodePng(drawPicture(scene, side, grain), side, side));
        yield { kind: 'picture', id, type: 'image/png', bytes };
        for (const [m, method] of methods.entries()) {
          const signed = method === 'lrp';
          const data = once(`map ${m} ${k}`, () =>
            Uint8Array.from(drawMap(scene, mapSide, m, scene.ruler), (value, at) =>
              Math.round(255 * (signed ? (1 + value * (at % 7 ? 1 : -0.4)) / 2 : value)),
            ),
          );
          yield { kind: 'map', id, method, width: mapSide, height: mapSide, data };
        }
        if (bare) continue;
        const data = once(`mask ${k}`, () => drawMask(scene, mapSide));
        yield { kind: 'mask', id, width: mapSide, height: mapSide, data };
      }
    },
  };
}

function predict(task: Task, classes: number, truth: number, easy: number, ruler: boolean, next: () => number) {
  if (task === 'binary') {
    const logit = (truth ? 1.5 : -1.6) + (ruler ? 1.6 : 0) + 3.2 * (easy - 0.5) + 1.4 * (next() - 0.5);
    const score = 1 / (1 + Math.exp(-logit));
    return { scores: [1 - score, score], label: [truth] };
  }
  if (task === 'multilabel') {
    const label = Array.from({ length: classes }, (_, k) => k).filter((k) => k === truth || next() < 0.3);
    const scores = Array.from(
      { length: classes },
      (_, k) => 1 / (1 + Math.exp(-((label.includes(k) ? 1.8 : -1.8) + 4 * (next() - 0.5)))),
    );
    return { scores, label };
  }
  const raw = Array.from({ length: classes }, (_, k) =>
    Math.exp((k === truth ? 2.4 * easy + 0.6 : 0) + (k === (truth + 1) % classes ? 1 : 0) + next()),
  );
  const sum = raw.reduce((a, b) => a + b, 0);
  return { scores: raw.map((value) => value / sum), label: [truth] };
}
