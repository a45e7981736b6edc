import { describePreprocess, type Explanation, type Geometry, seenBox } from '@seewhy/core';
import { isSeewhyError } from '@seewhy/onnx';
import { describeError } from './errors.ts';
import type { OpenedModel } from './open-model.ts';
import type { ExplanationRecord, FailureRecord } from './schema.ts';
import type { Source } from './sources.ts';

/** What a record says about the picture it belongs to. */
export interface RecordSource {
  readonly source: Pick<Source, 'path' | 'kind' | 'fields'>;
  readonly width: number;
  readonly height: number;
  readonly notes: readonly string[];
  readonly geometry: Geometry;
}

export interface RecordContext {
  readonly opened: OpenedModel;
  readonly sha256: () => string;
  /** Predictions listed. */
  readonly top: number;
  /** Recorded with the options. */
  readonly seed?: number | undefined;
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** An explanation as JSON, version 1. Its predictions must hold all classes; `top` of them are listed. */
export function recordOf(
  explanation: Explanation,
  from: RecordSource,
  files: Readonly<Record<string, string>>,
  { opened, sha256, top, seed }: RecordContext,
): ExplanationRecord {
  const { target, diagnosis, map, signed } = explanation;
  const own = explanation.predictions.find((prediction) => prediction.index === target.index);
  return {
    schema: 'seewhy/explanation/v1',
    source: {
      path: from.source.path,
      kind: from.source.kind,
      width: from.width,
      height: from.height,
      notes: [...from.notes],
      ...(from.source.fields ? { fields: { ...from.source.fields } } : {}),
    },
    model: { path: opened.path, sha256: sha256() },
    preprocess: {
      name: opened.preprocess.name,
      text: from.source.kind === 'tensor' ? 'none: the tensor is the input' : describePreprocess(opened.preprocess),
      from: opened.preprocessFrom,
      guessed: opened.preprocessGuessed,
      seen: seenBox(from.geometry),
    },
    method: explanation.method,
    target: {
      ...target,
      value: finite(target.value),
      classes: target.classes && [...target.classes],
      logit: finite(own?.logit ?? Number.NaN),
      probability: finite(own?.probability ?? Number.NaN),
    },
    ...(explanation.sampling ? { sampling: samplingOf(explanation.sampling) } : {}),
    layers: explanation.layers.map(({ name, value, shape, chosen }) => ({ name, value, shape: [...shape], chosen })),
    predictions: explanation.predictions.slice(0, top).map(({ index, label, logit, probability }) => ({
      index,
      label,
      logit: finite(logit),
      probability: finite(probability),
    })),
    map: {
      width: map.width,
      height: map.height,
      signed,
      range: [finite(explanation.range[0]), finite(explanation.range[1])],
      ...centreOf(map, from.geometry),
    },
    raw: explanation.raw.map(({ dims, data }) => ({ dims: [...dims], ...ends(data) })),
    diagnosis: {
      min: finite(diagnosis.min),
      max: finite(diagnosis.max),
      mean: finite(diagnosis.mean),
      deviation: finite(diagnosis.deviation),
      negativePixels: finite(diagnosis.negativePixels),
      rectifiedAway: finite(diagnosis.rectifiedAway),
      nonFinite: diagnosis.nonFinite,
      empty: diagnosis.empty,
      flat: diagnosis.flat,
      saturated: diagnosis.saturated,
      warnings: [...diagnosis.warnings],
    },
    notes: [...explanation.notes],
    files: { ...files },
    provenance: {
      ...explanation.provenance,
      options: { ...explanation.provenance.options, ...(seed === undefined ? {} : { seed }) },
    },
  };
}

function samplingOf({ convergence, ...rest }: NonNullable<Explanation['sampling']>) {
  return { ...rest, ...(convergence ? { convergence: { value: finite(convergence.value), of: convergence.of } } : {}) };
}

function ends(data: Float32Array): { min: number | null; max: number | null } {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of data) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min: finite(min), max: finite(max) };
}

/** Centre of the map's magnitude, from the model's input to the picture: shares of its width and height. */
function centreOf(map: Explanation['map'], geometry: Geometry): { centre?: { x: number; y: number } } {
  let [mass, sumX, sumY] = [0, 0, 0];
  for (let y = 0, i = 0; y < map.height; y++) {
    let row = 0;
    for (let x = 0; x < map.width; x++, i++) {
      const weight = Math.abs(map.data[i]!);
      row += weight;
      sumX += weight * (x + 0.5);
    }
    mass += row;
    sumY += row * (y + 0.5);
  }
  if (!(mass > 0) || !Number.isFinite(mass)) return {};
  const { resized, offset, input } = geometry;
  const share = (at: number, whole: number, begin: number, size: number) =>
    Math.min(1, Math.max(0, (at * size + begin) / whole));
  return {
    centre: {
      x: share(sumX / mass / map.width, resized.width, offset.x, input.width),
      y: share(sumY / mass / map.height, resized.height, offset.y, input.height),
    },
  };
}

/** A picture that failed, as JSON. */
export function failureOf(source: Pick<Source, 'path' | 'fields'>, error: unknown): FailureRecord {
  return {
    schema: 'seewhy/failure/v1',
    source: { path: source.path, ...(source.fields ? { fields: { ...source.fields } } : {}) },
    error: { code: isSeewhyError(error) ? error.code : 'UNEXPECTED', message: describeError(error) },
  };
}

/** Short names that `--fail-on` knows besides the record's own fields. */
export function gateFields(record: ExplanationRecord): Record<string, unknown> {
  const best = record.predictions[0];
  const second = record.predictions[1];
  return {
    ...record,
    path: record.source.path,
    fields: record.source.fields ?? {},
    probability: record.target.probability,
    logit: record.target.logit,
    index: record.target.index,
    label: record.target.label,
    predicted: best?.label,
    predicted_index: best?.index,
    confidence: best?.probability,
    margin:
      best && second && best.probability !== null && second.probability !== null
        ? best.probability - second.probability
        : null,
    flat: record.diagnosis.flat,
    empty: record.diagnosis.empty,
    saturated: record.diagnosis.saturated,
    rectified: record.diagnosis.rectifiedAway,
    warnings: record.diagnosis.warnings.length,
    layer: record.layers[0]?.name,
  };
}

/** The names that begin a path in `--fail-on`. */
export const GATE_FIELDS: readonly string[] =
  'path fields probability logit index label predicted predicted_index confidence margin flat empty saturated rectified warnings layer method target predictions map raw diagnosis layers source model preprocess provenance notes files'.split(
    ' ',
  );
