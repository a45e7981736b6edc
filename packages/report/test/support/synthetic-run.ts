import type { AuditRecord, AuditRun, Task } from '@seewhy/report';
import { HOSTILE_IDS } from './hostile-ids.ts';

const TITLES: Record<string, string> = { gradcam: 'Grad-CAM', layercam: 'LayerCAM', gradient: 'Gradient', lrp: 'LRP' };

/** What `run.json` says of a synthetic report. */
export function runOf(
  task: Task,
  classes: readonly string[],
  methods: readonly string[],
  records: readonly AuditRecord[],
  seed: number,
  hostile: boolean,
): AuditRun {
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
