import { type ExplainProgram, usesLayer } from '@seewhy/core';
import type { ExplainedPicture } from './explained-picture.ts';
import type { RunFacts } from './sinks/sink.ts';
import { targetTag } from './tags.ts';

/** What a program explains with, for the head of a record. */
export function runFacts(program: ExplainProgram, pictures: readonly ExplainedPicture[]): RunFacts {
  const { model, options } = program;
  const targets = options.ownTargets ? options.ownTargets.flat() : options.targets;
  return {
    methods: options.methods.map(({ method }) => method.name),
    targets: [...new Set(targets.map((target) => targetTag(target, model)))],
    layers: options.methods.some(({ method }) => usesLayer(method)) ? options.layers.map(({ name }) => name) : [],
    pictures: [...new Set(pictures.map(({ name }) => name))],
    classes: model.output.classes,
    runtime: model.runtime.name,
    notes: [...new Set([...model.notices, ...pictures.flatMap(({ explanation }) => explanation.notes)])],
  };
}
