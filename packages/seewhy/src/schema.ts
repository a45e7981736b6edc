import { z } from 'zod';

/**
 * The JSON that `explain` writes, version 1: what is here stays; fields may be added. `schemas/explanation-v1.json` is made of it by
 * `npm run generate`. Only types of this module are imported at run time.
 */
const finite = z.number().nullable().describe('null where the value is not finite');

const prediction = z.object({
  index: z.int().min(0),
  label: z.string(),
  logit: finite.describe('before the final softmax or sigmoid'),
  probability: finite,
});

const target = z.object({
  kind: z.enum(['class', 'contrast', 'sum', 'position', 'region', 'similar', 'element', 'function']),
  asked: z.string().describe('as it was asked for: top, 282, tiger cat, 282-285'),
  index: z.int().min(-1).describe('of the class, the first of several; -1 where the target is no class'),
  label: z.string(),
  text: z.string().describe('the whole target for people: tabby against tiger cat, road at 120:88'),
  against: z.object({ index: z.int().min(0), label: z.string() }).optional(),
  classes: z
    .array(z.object({ index: z.int().min(0), label: z.string() }))
    .optional()
    .describe('all classes of a sum'),
  score: z
    .enum(['logit', 'probability', 'log-odds', 'value'])
    .describe("which value is explained; 'value': the number itself, of a regression or of what is no class"),
  value: finite.describe('the explained score'),
  slug: z.string().describe('part of the file names'),
  logit: finite,
  probability: finite,
});

const layer = z.object({
  name: z.string(),
  value: z.string().describe('name in the graph'),
  shape: z.tuple([z.int(), z.int(), z.int()]).describe('[C, h, w]'),
  chosen: z.boolean().describe('true when seewhy chose it'),
});

const diagnosis = z.object({
  min: finite,
  max: finite,
  mean: finite,
  deviation: finite,
  negativePixels: finite.describe('share of the raw values that are negative'),
  rectifiedAway: finite.describe('share of the raw magnitude that a ReLU takes away'),
  nonFinite: z.int(),
  empty: z.boolean(),
  flat: z.boolean(),
  saturated: z.boolean(),
  warnings: z.array(z.string()),
});

const sampling = z
  .object({
    seed: z.number(),
    samples: z.int().describe('samples taken'),
    total: z.int().describe('samples of a complete run'),
    batch: z.int().describe('samples of one run of the model'),
    convergence: z
      .object({
        value: finite.describe('relative uncertainty'),
        of: z.enum(['halves', 'completeness']).describe('difference of the halves (L2), or the gap of completeness'),
      })
      .optional(),
    interrupted: z.boolean().describe('an estimate from the samples that were taken'),
  })
  .describe('of sampling methods');

const box = z.object({ x0: z.int(), y0: z.int(), x1: z.int(), y1: z.int() });

export const explanationRecord = z
  .object({
    schema: z.literal('seewhy/explanation/v1'),
    source: z.object({
      path: z.string(),
      kind: z.enum(['picture', 'tensor']),
      width: z.int(),
      height: z.int(),
      notes: z.array(z.string()).describe('what decoding decided or dropped'),
      fields: z.record(z.string(), z.unknown()).optional().describe("further cells of the manifest's row"),
    }),
    model: z.object({ path: z.string(), sha256: z.string().describe('of the .onnx file') }),
    preprocess: z.object({
      name: z.string(),
      text: z.string(),
      from: z.string(),
      guessed: z.boolean(),
      seen: box.describe('pixels of the picture that the model saw'),
    }),
    method: z.string(),
    target,
    sampling: sampling.optional(),
    layers: z.array(layer).describe('empty for pixel methods'),
    predictions: z.array(prediction).describe('best first'),
    map: z.object({
      width: z.int(),
      height: z.int(),
      signed: z.boolean(),
      range: z.tuple([finite, finite]).describe('raw values that are shown as the two ends of the colours'),
      centre: z
        .object({ x: z.number(), y: z.number() })
        .optional()
        .describe("centre of the map's mass on the picture, 0 to 1"),
    }),
    raw: z.array(z.object({ dims: z.array(z.int()), min: finite, max: finite })).describe('one a layer'),
    diagnosis,
    notes: z.array(z.string()).describe('what was chosen automatically and why'),
    files: z.record(z.string(), z.string()).describe('what was written, by kind'),
    provenance: z.object({
      seewhy: z.string(),
      runtime: z.string(),
      preset: z.string(),
      options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
      runMilliseconds: z.number().describe('of the run that made this map; all maps of that run share it'),
    }),
  })
  .describe('One explanation: one picture, one method, one target.');

export const failureRecord = z
  .object({
    schema: z.literal('seewhy/failure/v1'),
    source: z.object({ path: z.string(), fields: z.record(z.string(), z.unknown()).optional() }),
    error: z.object({ code: z.string(), message: z.string() }),
  })
  .describe('A picture that could not be explained.');

export const explanationDocument = z
  .object({
    schema: z.literal('seewhy/explanations/v1'),
    status: z.enum(['done', 'interrupted']),
    exitCode: z.int(),
    results: z.array(explanationRecord),
    failures: z.array(failureRecord),
    gates: z.array(z.object({ condition: z.string(), failed: z.int().describe('results for which it holds') })),
    notices: z.array(z.string()),
    files: z.array(z.string()).describe('written for the run as a whole: the contact sheet'),
  })
  .describe("What 'seewhy explain --json' prints; '--jsonl' prints its results and failures, one a line.");

/** One explanation as `--save json`, `--json` and `--jsonl` give it. */
export type ExplanationRecord = z.infer<typeof explanationRecord>;
/** One input that failed, in the same output. */
export type FailureRecord = z.infer<typeof failureRecord>;
/** All of a run: what `seewhy explain --json` prints. */
export type ExplanationDocument = z.infer<typeof explanationDocument>;

/** The JSON Schema that is published: a document, a record or a failure. */
export function jsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(z.union([explanationDocument, explanationRecord, failureRecord]), {
    reused: 'ref',
    // As it may be read: fields that a later version adds do not make a document invalid.
    io: 'input',
  }) as Record<string, unknown>;
  return { $schema, title: 'seewhy explanations, version 1', ...schema };
}
