import type { AuditRun } from '@seewhy/report';
import { z } from 'zod';

/**
 * `run.json` of an audit, version 1: what is here stays; fields may be added. `schemas/audit-v1.json` is made of it by
 * `npm run generate`.
 */
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const counted = z.int().min(0);

const problem = z.object({
  code: z.string().describe('stable: LABEL_UNKNOWN, PICTURE_MISSING, ID_TWICE …'),
  count: counted,
  message: z.string(),
  examples: z.array(z.object({ where: z.string(), what: z.string() })),
});

export const auditRun = z
  .object({
    schema: z.literal('seewhy/audit/v1'),
    status: z.enum(['running', 'interrupted', 'done']),
    title: z.string(),
    command: z.array(z.string()).describe('the arguments as they were typed'),
    started: z.iso.datetime(),
    finished: z.iso.datetime().optional(),
    versions: z.record(z.string(), z.string()),
    model: z.object({
      path: z.string(),
      sha256,
      input: z.tuple([counted, counted, counted]).describe('channels, height, width'),
      preprocess: z.string(),
    }),
    dataset: z.object({
      path: z.string(),
      kind: z.string().describe('folders, csv, jsonl, parquet, coco, voc, dicom …'),
      sha256: sha256.describe('of the manifest; of a folder, of the sorted list of its files and sizes'),
      columns: z.record(z.string(), z.string()).describe('which column was taken for what'),
    }),
    task: z.enum(['binary', 'multiclass', 'multilabel']),
    classes: z.array(z.string()).describe("names in the audit's order; a binary head's negative one first"),
    positive: counted.optional().describe('binary: index of the class that a high score means'),
    threshold: z.number(),
    methods: z.array(
      z.object({ name: z.string(), title: z.string(), layers: z.array(z.string()), signed: z.boolean() }),
    ),
    target: z.string().describe('whose map: predicted, positive, label, or the name of a class'),
    explain: z.string().describe('which pictures were explained: all, errors, panel, or a number a cell'),
    seed: z.number(),
    counts: z.object({
      rows: counted.describe('of the data set, after --limit, --split and --sample, bad ones included'),
      predicted: counted,
      labelled: counted,
      explained: counted,
      failed: counted.describe('rows that were left out'),
    }),
    problems: z.array(problem),
    notices: z.array(z.string()).describe('what was chosen or left out'),
    timings: z.record(z.string(), z.number()).describe('seconds by part of the work'),
  })
  .describe('One audit as a whole: run.json in its folder.');

type Readable<T> = T extends object ? { readonly [Name in keyof T]: Readable<T[Name]> } : T;
/** Does not compile where the schema lacks or refuses what the type holds. */
type Checked = AuditRun extends Readable<z.infer<typeof auditRun>> ? 'seewhy audit, version 1' : never;

/** The JSON Schema that is published. */
export function auditJsonSchema(): Record<string, unknown> {
  const title: Checked = 'seewhy audit, version 1';
  const { $schema, ...schema } = z.toJSONSchema(auditRun, { io: 'input' }) as Record<string, unknown>;
  return { $schema, title, ...schema };
}
