import type { Shape } from '@seewhy/autodiff';
import type { Graph } from '@seewhy/onnx';
import type { ClassOutput } from '../class-output.ts';
import type { Layer } from '../layers.ts';
import { isRegression, type Target, TOP } from '../target.ts';
import { targetErrors } from './errors.ts';

/** What is known of a model besides its classes: values and layers whose numbers can be explained. */
export interface ValueFacts {
  readonly graph: Graph;
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly layers: readonly Layer[];
}

/**
 * Reads targets as people write them; several are separated by commas:
 *
 * - `top`, `top:3` (three targets), `all`
 * - a class index, a label
 * - `A-B` (indices or labels): what speaks for A rather than B; `runner-up`: the best class against the second; `A-runner-up`
 * - `A+B+C`: several labels at once
 * - `OUTPUT[3]`, `VALUE[0,5,7]`: a number of any value of the graph, without the batch axis; `LAYER[c,y,x]`: of a layer
 *
 * Labels may contain all of these signs: what is a label as it stands is that label.
 * @throws TARGET_UNKNOWN, TARGET_AMBIGUOUS, TARGET_OUT_OF_RANGE, TARGET_INVALID, TARGET_VALUE_UNKNOWN
 */
export function parseTargets(
  text: string,
  output: ClassOutput,
  labels: readonly string[] | undefined,
  facts?: ValueFacts,
): Target[] {
  const reader = new TargetReader(output, labels, facts);
  const parts = splitTargets(text);
  const whole = reader.read(text.trim(), parts.length === 1);
  if (whole) return whole;
  if (parts.length === 0) throw targetErrors.badTarget(text);
  return parts.flatMap((part) => reader.read(part, true)!);
}

/** The parts between commas that stand outside of brackets. */
export function splitTargets(text: string): string[] {
  return text
    .split(/,(?![^[\]]*\])/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

class TargetReader {
  private readonly output: ClassOutput;
  private readonly labels: readonly string[] | undefined;
  private readonly facts: ValueFacts | undefined;

  constructor(output: ClassOutput, labels: readonly string[] | undefined, facts: ValueFacts | undefined) {
    this.output = output;
    this.labels = labels;
    this.facts = facts;
  }

  /** One target; where `must` is not set it may be several, and undefined is returned for what is no target of classes. */
  read(text: string, must: boolean): Target[] | undefined {
    const { classes } = this.output;
    if (text === 'top') return [TOP];
    const top = /^top:(\d{1,6})$/.exec(text);
    if (top) {
      const count = Number(top[1]);
      if (count < 1) throw targetErrors.badTarget(text);
      if (count > classes) throw targetErrors.topRange(count, classes);
      return Array.from({ length: count }, (_, rank) => ({ kind: 'top', rank, asked: text }));
    }
    if (text === 'all') return Array.from({ length: classes }, (_, index) => ({ kind: 'class', index, asked: text }));
    if (text === 'runner-up') return [{ kind: 'runner-up', asked: text }];
    const index = this.class(text);
    if (index !== undefined) return [{ kind: 'class', index, asked: text }];
    const target =
      this.runnerUp(text) ?? this.contrast(text) ?? this.sum(text) ?? (must ? this.element(text) : undefined);
    if (target) return [target];
    if (!must) return undefined;
    if (text === '') throw targetErrors.badTarget(text);
    throw targetErrors.unknownLabel(text, this.labels, classes);
  }

  private class(text: string): number | undefined {
    return classIndex(text, this.output, this.labels);
  }

  private runnerUp(text: string): Target | undefined {
    const [, first] = /^(.+)-\s*runner-up$/s.exec(text) ?? [];
    const index = first === undefined ? undefined : this.class(first.trim());
    return index === undefined ? undefined : { kind: 'runner-up', index, asked: text };
  }

  /** Labels may contain hyphens: every split is tried. */
  private contrast(text: string): Target | undefined {
    for (const [first, second] of splits(text, '-')) {
      const index = this.class(first);
      const against = this.class(second);
      if (index !== undefined && against !== undefined) return { kind: 'contrast', index, against, asked: text };
    }
    return undefined;
  }

  private sum(text: string): Target | undefined {
    const indices = this.summands(text);
    return indices && indices.length > 1 ? { kind: 'sum', indices, asked: text } : undefined;
  }

  /** Labels may contain plus signs too. */
  private summands(text: string): number[] | undefined {
    const whole = this.class(text);
    if (whole !== undefined) return [whole];
    for (const [first, rest] of splits(text, '+')) {
      const index = this.class(first);
      const others = index === undefined ? undefined : this.summands(rest);
      if (others) return [index!, ...others];
    }
    return undefined;
  }

  private element(text: string): Target | undefined {
    const [, name, places] = /^(.+)\[\s*(\d{1,9}(?:\s*,\s*\d{1,9})*)\s*\]$/s.exec(text) ?? [];
    if (name === undefined || !this.facts) return undefined;
    const at = places!.split(',').map(Number);
    const { graph, shapes, layers } = this.facts;
    // Counted behind the pictures, wherever the output itself has them.
    const value = name === this.output.name ? (this.output.picturesFirst ?? name) : name;
    if (shapes.has(value) && graph.producers.has(value)) return { kind: 'element', value, at, name, asked: text };
    const layer = layers.find((one) => one.name === name);
    if (layer) return { kind: 'element', value: layer.value, at: placeIn(layer, at), name, asked: text };
    const known = [...new Set([...graph.outputs.map((one) => one.name), ...layers.map((one) => one.name)])];
    throw targetErrors.unknownValue(name, known);
  }
}

/** `[c, y, x]` of a layer in the axes of its value; another count of numbers means these axes themselves. */
function placeIn({ grid }: Layer, at: readonly number[]): readonly number[] {
  const [c, y, x] = at;
  if (at.length !== 3 || grid.layout === 'NCHW') return at;
  return grid.layout === 'NHWC' ? [y!, x!, c!] : [grid.prefix + y! * grid.width + x!, c!];
}

/** Both sides of every place where a sign stands. */
function* splits(text: string, sign: string): Generator<[string, string]> {
  for (let at = text.indexOf(sign, 1); at > 0; at = text.indexOf(sign, at + 1))
    yield [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

/** A class by index, label or one of its synonyms. @throws TARGET_OUT_OF_RANGE, TARGET_AMBIGUOUS */
export function classIndex(
  text: string,
  output: ClassOutput,
  labels: readonly string[] | undefined,
): number | undefined {
  const { classes } = output;
  if (/^\d{1,9}$/.test(text)) {
    const exact = labels?.indexOf(text) ?? -1;
    if (exact >= 0 && Number(text) >= classes) return exact;
    if (Number(text) >= classes) throw targetErrors.targetRange(Number(text), classes);
    return Number(text);
  }
  if (!labels) return isRegression(output) && text === output.name ? 0 : undefined;
  const wanted = text.toLowerCase();
  const exact = labels.findIndex((label) => label.toLowerCase() === wanted);
  if (exact >= 0) return exact;
  // ImageNet labels list synonyms: `tabby, tabby cat`; any one of them is the class.
  const synonyms = labels.flatMap((label, index) =>
    label.toLowerCase().split(/,\s*/).includes(wanted) ? [index] : [],
  );
  if (synonyms.length > 1)
    throw targetErrors.ambiguousLabel(
      text,
      synonyms.map((index) => `${index} ${labels[index]}`),
    );
  return synonyms[0];
}
