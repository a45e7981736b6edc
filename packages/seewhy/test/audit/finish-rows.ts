import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { randomStream } from '@seewhy/core';
import type { AuditRecord, AuditRun } from '@seewhy/report';
import { finishRun } from '../../src/audit/finish.ts';
import type { AuditPlan } from '../../src/audit/plan.ts';
import { Problems } from '../../src/audit/problems.ts';
import type { RunFolder } from '../../src/audit/run-folder.ts';

// A process of its own: finishes an audit of so many made-up rows in a folder, and says how many bytes it took at most.
const [folder, rows] = [process.argv[2]!, Number(process.argv[3])];

const random = randomStream(1, 'rows');
const thumbs = Array.from({ length: 16 }, () =>
  Buffer.from(Array.from({ length: 1024 }, () => random.uniformInt(256))),
);

function recordOf(i: number): AuditRecord {
  const label = i % 3 === 0 ? 1 : 0;
  const score = Math.round(1e9 * (0.1 + 0.3 * label + 0.5 * random.uniform())) / 1e9;
  const sha256 = createHash('sha256').update(String(i)).digest('hex');
  // Every thumb is another one, and some pictures are there twice.
  const thumb = Buffer.from(thumbs[i % 16]!);
  thumb.write(sha256, (i * 97) % 900, 'hex');
  return {
    id: `patient-${Math.floor(i / 7)}/picture-${i}`,
    path: `pictures/of patient ${Math.floor(i / 7)}/picture ${i}.png`,
    label: [label],
    scores: [
      [1, score],
      [0, 1 - score],
    ],
    group: `patient ${Math.floor(i / 7)}`,
    columns: { site: `site ${i % 9}`, age: 20 + (i % 61), weight: 50 + 40 * random.uniform() },
    width: 640,
    height: 480,
    sha256: i % 1000 === 1 ? '0'.repeat(64) : sha256,
    fingerprint: sha256.slice(0, 16),
    colour: [100 + 20 * random.uniform(), 110, 100, 90],
    thumb: thumb.toString('base64'),
    masked: false,
  };
}

mkdirSync(folder, { recursive: true });
const journal = openSync(join(folder, 'journal.jsonl'), 'w');
for (let i = 0; i < rows; i++) {
  // Not in the order of the ids.
  const record = recordOf((i * 7919) % rows);
  writeSync(journal, `${JSON.stringify({ kind: 'predicted', id: record.id, record })}\n`);
}
closeSync(journal);

const methods: AuditRun['methods'] = [];
const about = {
  task: 'binary',
  classes: ['benign', 'malignant'],
  positive: 1,
  threshold: 0.5,
  methods,
  seed: 1,
} as const;
const plan = {
  ...about,
  // No picture is there any more: the report has none, and nothing is drawn.
  dataset: { path: 'data.csv', notices: [], async *rows() {} },
  scan: { rows },
  opened: { model: { image: { width: 32, height: 32 } } },
  problems: new Problems(),
  gates: [],
} as unknown as AuditPlan;
const run = {
  ...about,
  status: 'done',
  model: { path: 'model.onnx' },
  dataset: { path: 'data.csv', columns: {} },
  counts: { rows, predicted: 0, labelled: 0, explained: 0, failed: 0 },
  notices: [],
  timings: {},
} as unknown as AuditRun;

const finished = await finishRun({
  plan,
  run,
  folder: { path: folder, file: (...names: string[]) => join(folder, ...names) } as unknown as RunFolder,
  page: '<html><body></body></html>',
  maxBytes: 1e9,
  signal: new AbortController().signal,
  stage: () => undefined,
});
console.log(
  JSON.stringify({
    peak: process.resourceUsage().maxRSS * 1024,
    predicted: finished.run.counts.predicted,
    findings: finished.findings.map(({ kind, figures }) => [kind, figures.n ?? figures.pairs]),
  }),
);
