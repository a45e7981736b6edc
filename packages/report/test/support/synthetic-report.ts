import type { AuditRecord, AuditRun, Finding, MapCluster, ReportData, ReportPart, Task } from '@seewhy/report';
import { toBase64 } from '../../src/base64.ts';
import { decodeGrid } from '../../src/map-statistics/map-grid.ts';
import { mapRecordOf } from '../../src/map-statistics/map-record-of.ts';
import { encodePng } from './encode-png.ts';

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

/** Uniform numbers 0..1, the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** What a drawn picture is of: drawn again whenever it is needed, so that two thousand of them need no memory. */
interface Scene {
  readonly seed: number;
  readonly kind: number;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly ruler: boolean;
  readonly tone: readonly [number, number, number];
}

const TONES = [
  [236, 201, 178],
  [222, 178, 150],
  [186, 140, 110],
  [128, 90, 68],
] as const;

/** Distance of a point from the drawn thing's edge, in radii: below 1 is inside. */
function reach(scene: Scene, x: number, y: number): number {
  const dx = (x - scene.x) / scene.radius;
  const dy = (y - scene.y) / scene.radius;
  const angle = Math.atan2(dy, dx);
  const wobble = 1 + (0.05 + 0.12 * (scene.kind % 2)) * Math.sin(angle * (3 + (scene.seed % 4)) + scene.seed);
  switch (Math.floor(scene.kind / 2) % 3) {
    case 1:
      return Math.max(Math.abs(dx), Math.abs(dy)) * 1.15;
    case 2:
      return Math.abs(Math.hypot(dx, dy) - 0.75) * 3.2;
    default:
      return Math.hypot(dx, dy * 1.15) / wobble;
  }
}

function drawPicture(scene: Scene, side: number, grain: number): Uint8Array {
  const noise = random(scene.seed);
  const data = new Uint8Array(side * side * 3);
  for (let y = 0, i = 0; y < side; y++)
    for (let x = 0; x < side; x++, i += 3) {
      const [u, v] = [(x + 0.5) / side, (y + 0.5) / side];
      const shade = 1 - 0.28 * Math.hypot(u - 0.5, v - 0.5);
      const inside = 1 / (1 + Math.exp((reach(scene, u, v) - 1) * 18));
      const speckle = 0.5 + 0.5 * Math.sin(u * 41 + scene.seed) * Math.cos(v * 37 - scene.seed);
      const mark =
        scene.ruler && u < 0.09 && Math.abs(((v * 16) % 1) - 0.5) < 0.12 && u < (Math.floor(v * 16) % 4 ? 0.05 : 0.08);
      const jitter = (noise() - 0.5) * grain;
      for (let c = 0; c < 3; c++) {
        const skin = scene.tone[c]! * shade;
        const lesion = [92, 52, 40][c]! * (0.7 + 0.5 * speckle * (scene.kind % 2 ? 1 : 0.4)) * (0.75 + 0.25 * shade);
        const value = mark ? 25 : skin * (1 - inside) + lesion * inside;
        data[i + c] = Math.max(0, Math.min(255, value + jitter));
      }
    }
  return data;
}

/** A map as Grad-CAM makes them: a few blobs of cells, enlarged smoothly. */
function drawMap(scene: Scene, side: number, method: number, onRuler: boolean): Float32Array {
  const next = random(scene.seed * 31 + method);
  const [cx, cy] = onRuler
    ? [0.06, 0.3 + 0.4 * next()]
    : [scene.x + 0.08 * (next() - 0.5), scene.y + 0.08 * (next() - 0.5)];
  const width = onRuler ? 0.08 : scene.radius * (0.7 + 0.5 * next());
  const [ox, oy, strength] = [next(), next(), 0.3 * next()];
  const map = new Float32Array(side * side);
  let largest = 0;
  for (let y = 0, i = 0; y < side; y++)
    for (let x = 0; x < side; x++, i++) {
      const [u, v] = [(x + 0.5) / side, (y + 0.5) / side];
      const main = Math.exp(-((u - cx) ** 2 + ((v - cy) / (onRuler ? 2.4 : 1)) ** 2) / (2 * width * width * 0.4));
      const other = strength * Math.exp(-((u - ox) ** 2 + (v - oy) ** 2) / 0.02);
      const fine = method === 1 ? 0.75 + 0.25 * Math.sin(u * 60) * Math.sin(v * 60) : 1;
      map[i] = Math.max(0, (main + other) * fine - 0.04);
      largest = Math.max(largest, map[i]!);
    }
  if (largest > 0) for (let i = 0; i < map.length; i++) map[i] = map[i]! / largest;
  return map;
}

function drawMask(scene: Scene, side: number): Uint8Array {
  return Uint8Array.from({ length: side * side }, (_, i) =>
    reach(scene, ((i % side) + 0.5) / side, (Math.floor(i / side) + 0.5) / side) < 1 ? 255 : 0,
  );
}

const CLASSES: Record<Task, readonly string[]> = {
  binary: ['benign', 'malignant'],
  multiclass: ['nevus', 'melanoma', 'keratosis', 'carcinoma', 'vascular', 'dermatofibroma'],
  multilabel: ['asymmetry', 'irregular border', 'several colours', 'large diameter'],
};

const TITLES: Record<string, string> = { gradcam: 'Grad-CAM', layercam: 'LayerCAM', gradient: 'Gradient', lrp: 'LRP' };

export const HOSTILE_IDS = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  'it\'s `quoted` "twice" & <b>bold</b>',
  '\u202egnp.exe \u2066right to left\u2069 עברית العربية',
  '__proto__',
  'constructor',
  '=HYPERLINK("http://example.invalid","click")',
  '+1+1',
  '@SUM(A1)',
  '-2+3',
  'line\nbreak\ttab',
  `long-${'x'.repeat(10_240)}`,
  '</style><style>*{display:none}',
  '{{constructor.constructor("alert(1)")()}}',
  '%00%0a#view=notes&id=x',
  '日本語の写真🔬',
];

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
  const run = runOf(options, task, classes, methods, records, seed);
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

function runOf(
  options: SyntheticOptions,
  task: Task,
  classes: readonly string[],
  methods: readonly string[],
  records: readonly AuditRecord[],
  seed: number,
): AuditRun {
  const { hostile = false } = options;
  return {
    schema: 'seewhy/audit/v1',
    status: 'done',
    title: hostile ? `${HOSTILE_IDS[0]} on ${HOSTILE_IDS[3]}` : 'efficientnet-small.onnx on validation.csv',
    command: [
      'audit',
      hostile ? "it's; rm -rf $HOME" : 'efficientnet-small.onnx',
      'validation.csv',
      '--method',
      methods.join(','),
      '--threshold',
      '0.5',
    ],
    started: '2026-11-20T09:12:44Z',
    finished: '2026-11-20T09:13:21Z',
    versions: { seewhy: '0.1.0', node: '20.20.2', 'onnxruntime-node': '1.30.0' },
    model: {
      path: 'efficientnet-small.onnx',
      sha256: '5f'.repeat(32),
      input: [3, 128, 128],
      preprocess: 'resize 128, RGB 0..255',
    },
    dataset: {
      path: 'validation.csv',
      kind: 'csv',
      sha256: 'a1'.repeat(32),
      columns: { path: 'file', label: 'diagnosis', group: 'patient_id' },
    },
    task,
    classes,
    ...(task === 'binary' ? { positive: 1 } : {}),
    threshold: 0.5,
    methods: methods.map((name) => ({
      name,
      title: TITLES[name] ?? name,
      layers: ['top_activation'],
      signed: name === 'lrp',
    })),
    target: 'predicted',
    explain: 'all',
    seed,
    counts: {
      rows: records.length + 3,
      predicted: records.length,
      labelled: records.filter(({ label }) => label).length,
      explained: records.length,
      failed: 3,
    },
    problems: [
      {
        code: 'PICTURE_MISSING',
        count: 3,
        message: '3 pictures named in the manifest are not there.',
        examples: [
          { where: hostile ? HOSTILE_IDS[1]! : 'images/ISIC_0099.png', what: 'no such file' },
          { where: 'images/ISIC_0100.png', what: 'no such file' },
        ],
      },
    ],
    notices: [
      "The column 'patient_id' was taken for the group.",
      'Layer top_activation was chosen: the last one with a height and width.',
    ],
    timings: { plan: 0.4, predict: 11.2, explain: 18.9, write: 2.1 },
  };
}

function clustersOf(
  records: readonly AuditRecord[],
  method: string | undefined,
  onRuler: readonly boolean[],
  classes: number,
): MapCluster[] {
  const clusters: MapCluster[] = [];
  if (method === undefined) return clusters;
  for (let target = 0; target < classes; target++)
    for (const ruler of [false, true]) {
      const members = records.filter((record, i) => record.maps?.[method]?.target === target && onRuler[i] === ruler);
      if (members.length < 2) continue;
      const sum = new Float64Array(256);
      for (const member of members)
        for (const [i, value] of decodeGrid(member.maps![method]!.grid).entries()) sum[i]! += value;
      const largest = Math.max(...sum);
      const counts = new Map<number, number>();
      for (const { label } of members) counts.set(label?.[0] ?? -1, (counts.get(label?.[0] ?? -1) ?? 0) + 1);
      clusters.push({
        name: `${method}/${target}/${ruler ? 2 : 1}`,
        method,
        target,
        ids: members.map(({ id }) => id),
        mean: toBase64(Uint8Array.from(sum, (value) => Math.round((255 * value) / largest))),
        labels: [...counts].sort((a, b) => b[1] - a[1]),
        where: ruler ? '71 % of the mass lies on the left border' : '64 % of the mass lies in the middle',
        eigengap: ruler ? 0.42 : 0.31,
      });
    }
  return clusters;
}

function findingsOf(
  records: readonly AuditRecord[],
  run: AuditRun,
  clusters: readonly MapCluster[],
  hostile: boolean,
): Finding[] {
  const ruler = records.filter(({ columns }) => columns.ruler === true);
  const wrong = records.filter(({ label, scores }) => label && !label.includes(scores[0]![0]));
  const sure = [...wrong].sort((a, b) => b.scores[0]![1] - a.scores[0]![1]);
  const method = run.methods[0]?.name;
  return [
    {
      kind: 'shortcut',
      title: `In ${ruler.length} pictures the model decides by something at the left border, not by the object.`,
      severity: 'high',
      evidence:
        'Blurring the strongest parts of these maps, which lie outside the mask, lowers the probability by 0.55 on average; blurring as large a part elsewhere by 0.04 (paired sign test). Look at what these pictures share there; crop it away or balance it over the classes, then train again.',
      figures: { n: ruler.length, drop: 0.551, control: 0.04, p: 0.0000031 },
      ids: ruler.slice(0, 40).map(({ id }) => id),
      filter: 'ruler:true',
      ...(clusters[1] ? { cluster: clusters[1].name } : {}),
      method,
    },
    {
      kind: 'confident-errors',
      title: `${Math.min(12, sure.length)} errors are made with great confidence: check their labels.`,
      severity: 'medium',
      evidence: 'The model gives these pictures a probability above 0.9 for a class the label does not name.',
      figures: { n: Math.min(12, sure.length), least: 0.9 },
      ids: sure.slice(0, 12).map(({ id }) => id),
      method,
    },
    {
      kind: 'worse-subset',
      title: hostile
        ? `${HOSTILE_IDS[1]} is worse`
        : 'Pictures with site = face have a lower sensitivity than the rest.',
      severity: 'low',
      evidence: 'Sensitivity 0.71 against 0.89; Fisher’s exact test, corrected for 14 comparisons (Holm).',
      figures: { n: 31, p: 0.031, difference: -0.18 },
      ids: records
        .filter((_, i) => i % 3 === 2)
        .slice(0, 20)
        .map(({ id }) => id),
      filter: 'site:face',
    },
  ];
}
