import type { Model, Target } from '@seewhy/core';
import { MODELS, type ModelName } from './support.ts';

/** Logits as `[class][position]`. */
export type Logits = readonly (readonly number[])[];

export const cls = (index: number): Target => ({ kind: 'class', index, asked: String(index) });
export const flat = (logits: Logits) => logits.map((one) => one[0]!);
export const logitOf = (model: Model) => model.output.logits;

/** All models, filled by `openModels`. */
export const models = new Map<ModelName, Model>();

export async function openModels(): Promise<void> {
  for (const name of Object.keys(MODELS) as ModelName[]) models.set(name, await MODELS[name]());
}

/** The logits of one item, class by class whatever the axis. */
export function logitsOf(model: Model, values: Record<string, Float64Array>): Logits {
  const { output, shapes } = model;
  const all = values[logitOf(model)]!;
  const shape = shapes.get(output.logits)!;
  const classes = output.binary ? 1 : output.classes;
  const after = shape.slice(output.axis + 1).reduce<number>((product, dim) => product * (dim as number), 1);
  return Array.from({ length: classes }, (_, c) =>
    Array.from(
      { length: all.length / classes },
      (_, i) => all[Math.floor(i / after) * classes * after + c * after + (i % after)]!,
    ),
  );
}
