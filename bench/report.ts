import { NETWORKS, type Network } from './networks.ts';
import type { AuditCosts } from './parts/audit.ts';
import type { DiskCosts } from './parts/disk.ts';
import { type FolderCosts, PHOTOS } from './parts/folder.ts';
import type { MelanomaCosts } from './parts/melanoma.ts';
import type { NetworkCosts } from './parts/programs.ts';
import type { SamplingCosts } from './parts/sampling.ts';
import type { StartupCosts } from './parts/startup.ts';
import type { TrainingShare } from './parts/training.ts';
import { melanoma, training } from './report-melanoma.ts';
import { atLeast, atMost, table } from './report-table.ts';
import type { Versions } from './versions.ts';

interface Part<Figures> {
  readonly date: string;
  readonly versions: Versions;
  readonly figures: Figures;
}

export interface Measured {
  programs?: Part<Record<string, NetworkCosts>>;
  sampling?: Part<Record<string, SamplingCosts>>;
  startup?: Part<Record<string, StartupCosts>>;
  disk?: Part<DiskCosts>;
  folder?: Part<Record<string, FolderCosts>>;
  audit?: Part<Record<string, AuditCosts>>;
  melanoma?: Part<MelanomaCosts>;
  training?: Part<TrainingShare>;
}

/** RESULTS.md. */
export function report(measured: Measured): string {
  const parts = Object.values(measured).filter((part) => part !== undefined) as Part<unknown>[];
  const seen = [...new Set(parts.map((part) => JSON.stringify([part.date, part.versions])))].map(
    (text) => JSON.parse(text) as [string, Versions],
  );
  return [
    '# Results',
    '',
    'Made by `npm run bench`; [README.md](README.md) says how the figures come about. Ratios are of one run with both sides',
    'interleaved, two threads. *Must* and *aim* are what this project asks of itself.',
    '',
    ...seen.flatMap(([date, v]) => [`- ${date}: ${v.machine}; ${v.node}; ${v.peers}`]),
    '',
    ...(measured.programs ? programs(measured.programs.figures) : []),
    ...(measured.sampling ? sampling(measured.sampling.figures) : []),
    ...(measured.startup ? startup(measured.startup.figures) : []),
    ...(measured.disk ? disk(measured.disk.figures) : []),
    ...(measured.folder ? folder(measured.folder.figures) : []),
    ...(measured.audit ? audit(measured.audit.figures) : []),
    ...(measured.melanoma ? melanoma(measured.melanoma.figures) : []),
    ...(measured.training ? training(measured.training.figures) : []),
  ].join('\n');
}

function programs(figures: Record<string, NetworkCosts>): string[] {
  const networks = Object.entries(NETWORKS).filter(([name]) => figures[name]) as [string, Network][];
  const cost = (which: 'gradcam' | 'saliency') =>
    table(
      [
        'network',
        'prediction, ms',
        `with ${which === 'gradcam' ? 'Grad-CAM' : 'saliency'}, ms`,
        'ratio',
        'must',
        'aim',
        '',
      ],
      networks.map(([name, network]) => {
        const f = figures[name]!;
        const ratio = f[which] / f.plain;
        const [must, aim] = network[which];
        return [
          network.title,
          f.plain.toFixed(1),
          f[which].toFixed(1),
          ratio.toFixed(2),
          `≤ ${must.toFixed(2)}`,
          `${aim.toFixed(2)}`,
          atMost(ratio, network[which]),
        ];
      }),
    );
  const peer = (task: 'pytorch-grad-cam' | 'torch-cam' | 'captum', key: 'gradCamPeer' | 'torchCam' | 'captum') =>
    table(
      ['network', `${task}, in predictions of ONNX Runtime`, 'seewhy is faster', 'must', 'aim', ''],
      networks.flatMap(([name, network]) => {
        const costs = figures[name]!.peers as Record<string, number>;
        const ratio = costs[task];
        if (ratio === undefined) return [];
        const [must, aim] = network[key];
        return [
          [
            network.title,
            costs[`${task} in predictions`]!.toFixed(1),
            `${ratio.toFixed(2)} ×`,
            `≥ ${must} ×`,
            `${aim} ×`,
            atLeast(ratio, network[key]),
          ],
        ];
      }),
    );
  return [
    '## Cost of an explanation, in predictions',
    '',
    'One run of the program (prediction and raw map together) : one run of the model file, both in onnxruntime-node.',
    '',
    '### Grad-CAM, default layer',
    '',
    ...cost('gradcam'),
    '### Saliency (input gradient)',
    '',
    ...cost('saliency'),
    '## Against the Python peers, same weights',
    '',
    '### Grad-CAM : pytorch-grad-cam',
    '',
    ...peer('pytorch-grad-cam', 'gradCamPeer'),
    '### Grad-CAM : torch-cam (which cannot read the tokens of ViT)',
    '',
    ...peer('torch-cam', 'torchCam'),
    '### Saliency : captum',
    '',
    ...peer('captum', 'captum'),
  ];
}

/** captum's 50-step integrated gradients, in predictions of ONNX Runtime, against which ours must be so much faster. */
const CAPTUM_IG: Readonly<Record<string, readonly [must: number, aim: number]>> = {
  resnet50: [1.3, 1.3],
  mobilenet_v3_small: [2, 2],
};

function sampling(figures: Record<string, SamplingCosts>): string[] {
  const title = (name: string) => NETWORKS[name]?.title ?? name;
  const rows = Object.entries(figures);
  const step = (value: number, f: SamplingCosts) => `${(value / f.saliency).toFixed(2)}`;
  return [
    '## Sampling methods',
    '',
    'A step of integrated gradients or a sample of SmoothGrad, one picture a run : one saliency run (must be at most 1.05); the same with the',
    'batch that was measured best.',
    '',
    ...table(
      ['network', 'saliency, ms', 'IG step', 'SmoothGrad sample', 'IG step, batched', 'SmoothGrad sample, batched', ''],
      rows.map(([name, f]) => [
        title(name),
        f.saliency.toFixed(1),
        step(f.integratedGradientsStep, f),
        step(f.smoothGradStep, f),
        step(f.integratedGradientsStepBatched, f),
        step(f.smoothGradStepBatched, f),
        atMost(Math.max(f.integratedGradientsStep, f.smoothGradStep) / f.saliency, [1.05, 1.05]),
      ]),
    ),
    'Integrated gradients of 50 steps against captum:',
    '',
    ...table(
      ['network', 'captum, in predictions', 'seewhy, in predictions', 'seewhy is faster', 'must', ''],
      rows.map(([name, f]) => [
        title(name),
        f.captumInPredictions.toFixed(0),
        f.oursInPredictions.toFixed(0),
        `${f.captum.toFixed(2)} ×`,
        `≥ ${CAPTUM_IG[name]![0]} ×`,
        atLeast(f.captum, CAPTUM_IG[name]!),
      ]),
    ),
    'Forward passes a second of RISE and occlusion : plain inference at its best batch (must be at least 0.95), and RISE written in torch:',
    '',
    ...table(
      [
        'network',
        'plain',
        'best batch',
        'RISE',
        'occlusion',
        'torch',
        'RISE : plain',
        'occlusion : plain',
        '',
        'RISE : torch (must 2)',
        '',
      ],
      rows.map(([name, f]) => [
        title(name),
        ...[f.plain, f.bestBatch, f.rise, f.occlusion, f.torch].map((value) => value.toFixed(0)),
        (f.rise / f.plain).toFixed(2),
        (f.occlusion / f.plain).toFixed(2),
        atLeast(Math.min(f.rise, f.occlusion) / f.plain, [0.95, 0.95]),
        `${(f.rise / f.torch).toFixed(2)} ×`,
        atLeast(f.rise / f.torch, [2, 2]),
      ]),
    ),
    ...rows.flatMap(([name, f]) =>
      f.scorecam === undefined
        ? []
        : [
            `Score-CAM on ${title(name)}, pytorch-grad-cam's variant: ${f.scorecam.toFixed(2)} × faster than pytorch-grad-cam (must 2: ${atLeast(f.scorecam, [2, 2])}).`,
            '',
          ],
    ),
    `Memory: four times as many samples make the process larger by ${rows.map(([name, f]) => `${f.growth.toFixed(0)} MB (${title(name)})`).join(', ')}.`,
    '',
  ];
}

function startup(figures: Record<string, StartupCosts>): string[] {
  const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(2);
  return [
    '## From the start of the process to a written PNG',
    '',
    '`seewhy explain MODEL chelsea.png` : the same in Python with pytorch-grad-cam. The floor is a Node script of ten lines that decodes with',
    'sharp and makes one plain prediction, without any explanation or picture.',
    '',
    ...table(
      ['model', 'seewhy', 'Python', 'floor', 'faster', 'must', 'aim', ''],
      Object.entries(figures).map(([name, f]) => {
        const ratio = f.python.milliseconds / f.seewhy.milliseconds;
        return [
          name,
          `${seconds(f.seewhy.milliseconds)} s`,
          `${seconds(f.python.milliseconds)} s`,
          `${seconds(f.node.milliseconds)} s`,
          `${ratio.toFixed(2)} ×`,
          '≥ 6 ×',
          '10 ×',
          atLeast(ratio, [6, 10]),
        ];
      }),
    ),
    'Peak memory of the same processes:',
    '',
    ...table(
      ['model', 'seewhy', 'Python', 'floor', 'ratio', 'must', 'aim', ''],
      Object.entries(figures).map(([name, f]) => {
        const ratio = f.seewhy.megabytes / f.python.megabytes;
        return [
          name,
          ...[f.seewhy, f.python, f.node].map((one) => `${one.megabytes.toFixed(0)} MB`),
          ratio.toFixed(2),
          '≤ 0.50',
          '0.30',
          atMost(ratio, [0.5, 0.3]),
        ];
      }),
    ),
  ];
}

function disk(f: DiskCosts): string[] {
  const here = f.ours - f.foreign;
  const megabytes = (value: number) => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} MB`;
  return [
    '## Disk',
    '',
    'What `npm install seewhy` leaves on this platform : torch, torchvision and grad-cam with what they need (CPU build).',
    "onnxruntime-node's package holds the binaries of all platforms; they can be deleted, and are counted apart.",
    '',
    ...table(
      ['', 'seewhy', 'Python', 'ratio', 'must', ''],
      [
        [
          'without binaries for other platforms',
          megabytes(here),
          megabytes(f.python),
          (here / f.python).toFixed(2),
          '≤ 0.10',
          atMost(here / f.python, [0.1, 0.1]),
        ],
        ['as npm installs it', megabytes(f.ours), megabytes(f.python), (f.ours / f.python).toFixed(2), '', 'said'],
      ],
    ),
    `Largest parts: ${f.largest.map(([name, size]) => `${name} ${megabytes(name === 'onnxruntime-node' ? size - f.foreign : size)}`).join(', ')}`,
    `(onnxruntime-node without ${megabytes(f.foreign)} for other platforms).`,
    '',
  ];
}

function folder(figures: Record<string, FolderCosts>): string[] {
  return [
    `## A folder of ${PHOTOS} photos`,
    '',
    'Whole processes, start included: `seewhy explain MODEL FOLDER` : a Node loop that decodes each photo with sharp and predicts. With',
    '`--save json` the heatmap is made and its figures are written; by default an overlay PNG of the photo is drawn as well, for which the loop',
    'has no counterpart.',
    '',
    ...table(
      ['model', 'pictures/s', 'loop, pictures/s', 'ratio', 'must', 'aim', '', 'with overlay, pictures/s', 'ratio'],
      Object.entries(figures).map(([name, f]) => [
        name,
        f.json.toFixed(1),
        f.loop.toFixed(1),
        (f.json / f.loop).toFixed(2),
        '≥ 0.85',
        '0.95',
        atLeast(f.json / f.loop, [0.85, 0.95]),
        f.overlay.toFixed(1),
        (f.overlay / f.loop).toFixed(2),
      ]),
    ),
  ];
}

function audit(figures: Record<string, AuditCosts>): string[] {
  return [
    `## The prediction pass of an audit, ${PHOTOS} photos`,
    '',
    'Milliseconds a picture: the runs alone on tensors that are ready; a plain loop that decodes, preprocesses and runs one picture after the',
    'other; and `seewhy audit`, which also hashes the files, keeps the journal and takes what the findings need of each picture.',
    '',
    ...table(
      ['model', 'runs alone', 'plain loop', 'audit', 'throughput : plain loop (must 0.9)', '', ': runs alone'],
      Object.entries(figures).map(([name, f]) => [
        name,
        ...[f.runs, f.loop, f.audit].map((value) => value.toFixed(1)),
        (f.loop / f.audit).toFixed(2),
        atLeast(f.loop / f.audit, [0.9, 0.9]),
        (f.runs / f.audit).toFixed(2),
      ]),
    ),
  ];
}
