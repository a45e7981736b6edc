import type { ValueName } from '@seewhy/onnx';
import { throwIfAborted } from './aborted.ts';
import type { Layer } from './layers.ts';
import type { GraphMethod } from './methods/method.ts';
import type { Model } from './model.ts';
import { asFloat32, buildProgram, type ChosenMethod, type ProgramMap, withNodes } from './program.ts';
import type { RunTensor, Session } from './runtime/runtime.ts';
import { seedOf } from './seed.ts';
import type { ScoreKind, Target } from './target.ts';
import { formOf, resolveTarget, type TargetForm } from './target-form.ts';
import { classScore, isInScores } from './targets/class-score.ts';
import { targetErrors } from './targets/errors.ts';
import type { TargetNodes } from './targets/function-target.ts';
import { item, nth, toFloat32 } from './tensors.ts';
import { tidied } from './tidied.ts';

/** What an explainer is built for: it answers this and nothing else. */
export interface ExplainerRequest {
  readonly methods: readonly ChosenMethod<GraphMethod>[];
  readonly layers: readonly Layer[];
  /** What every item is explained for; none: each run says. */
  readonly targets: readonly Target[];
  readonly score: ScoreKind;
}

/** What one run says about one item. */
export interface ItemResult {
  /** Scores of all classes before the activation. */
  readonly scores: Float32Array;
  /** One a target, method and layer. */
  readonly maps: readonly ItemMap[];
  /** One a target, in order. */
  readonly targets: readonly ItemTarget[];
  /** Duration of the run that made it, in milliseconds. */
  readonly milliseconds: number;
}

/** What a target meant for an item. */
export interface ItemTarget {
  /** The target; where it depends on the picture's own scores, the classes it means there. */
  readonly resolved: Target;
  /** The explained score. */
  readonly value: number;
}

/** One raw map of one picture, before reducing, resizing and normalising. */
export interface ItemMap {
  readonly method: GraphMethod;
  readonly layer: Layer | undefined;
  /** Position in the request's targets. */
  readonly target: number;
  /** `[h, w]`, or the image's own dimensions without the batch. */
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** More targets than this are run one after the other with the class as an input, instead of one backward pass each in the graph. */
const MOST_TARGETS_IN_GRAPH = 4;

/** A target as a program is built for it: with everything built in, or as the form of many. */
interface Entry extends Pick<TargetForm, 'inputs' | 'reads' | 'nodes' | 'seed'> {
  /** Whether its score is among the class scores. */
  readonly read: boolean;
}

/** A program that is open: the values that it gives. */
interface Program {
  readonly session: Session;
  readonly scores: ValueName;
  readonly maps: readonly ProgramMap[];
  /** Score of each entry; undefined: it is read from the class scores. */
  readonly values: readonly (ValueName | undefined)[];
}

/** A model's explanation programs, opened on its runtime: made once, run for every picture, then released. */
export class Explainer {
  private readonly model: Model;
  private readonly request: ExplainerRequest;
  /** All targets in one graph; undefined where they are run one after the other. */
  private readonly together: Program | undefined;
  private readonly programs = new Map<string, Promise<Program>>();

  private constructor(model: Model, request: ExplainerRequest, together: Program | undefined) {
    this.model = model;
    this.request = request;
    this.together = together;
  }

  /** Builds the program of the request's targets and opens it; with no targets, those of each run have programs of their own. */
  static async open(model: Model, request: ExplainerRequest): Promise<Explainer> {
    const { targets, methods, score } = request;
    const entries = targets.map(
      (target): Entry => ({ ...baked(target), read: isInScores(target, model.output, score) }),
    );
    // Without methods there is only the prediction to be made; what a class's score is, is read from it.
    const built = methods.length > 0 ? entries : entries.filter(({ read }) => !read);
    // Targets of one form differ in what is fed only; a class that is found per picture is found in the graph.
    const fed = targets.every(({ kind }) => kind !== 'top' && kind !== 'runner-up');
    const one = targets.length > 0 && (built.length <= MOST_TARGETS_IN_GRAPH || !fed);
    return new Explainer(model, request, one ? await openProgram(model, request, entries) : undefined);
  }

  /**
   * Explains image tensors (batch first, stacked into one run).
   * @param signal checked between runs
   * @param own targets of each item, in place of the request's
   * @throws TARGET_COUNT, SCORE_NOT_A_NUMBER
   */
  async run(
    images: readonly RunTensor[],
    signal?: AbortSignal,
    own?: readonly (readonly Target[])[],
  ): Promise<ItemResult[]> {
    const count = images.reduce((sum, image) => sum + image.dims[0]!, 0);
    if (own && own.length !== count) throw targetErrors.targetCount(own.length, count);
    throwIfAborted(signal);
    if (this.together && !own) return this.once(this.together, this.model.feeds(images), this.request.targets, count);
    const targets = own ?? Array.from({ length: count }, () => this.request.targets);
    return this.inTurn(images, targets, signal);
  }

  /** Target by target: items whose targets have one form are run together. */
  private async inTurn(
    images: readonly RunTensor[],
    targets: readonly (readonly Target[])[],
    signal: AbortSignal | undefined,
  ): Promise<ItemResult[]> {
    const results: { scores: Float32Array; maps: ItemMap[]; targets: ItemTarget[]; milliseconds: number }[] =
      targets.map(() => ({ scores: new Float32Array(0), maps: [], targets: [], milliseconds: 0 }));
    const all = this.model.feeds(images);
    const most = Math.max(...targets.map((list) => list.length));
    for (let position = 0; position < most; position++) {
      for (const group of grouped(targets.map((list) => list[position]))) {
        throwIfAborted(signal);
        const wanted = group.map((at) => targets[at]![position]!);
        const form = formOf(wanted[0]!);
        const feeds = group.length === targets.length ? all : this.model.feeds(group.map((at) => nth(images, at)));
        const program = await this.program(form, wanted[0]!);
        const given = { ...feeds, ...this.needed(form, wanted) };
        const part = await this.once(program, given, [wanted], group.length, position);
        part.forEach((one, index) => {
          const into = results[group[index]!]!;
          into.scores = one.scores;
          into.milliseconds += one.milliseconds;
          into.maps.push(...one.maps);
          into.targets.push(...one.targets);
        });
      }
    }
    return results;
  }

  /** What a form is fed, where its program has something to be fed: without methods, classes are read from the scores. */
  private needed(form: TargetForm, targets: readonly Target[]): Record<string, RunTensor> {
    return this.isRead(targets[0]!) && this.request.methods.length === 0 ? {} : form.feeds(targets, this.model);
  }

  private isRead(target: Target): boolean {
    return isInScores(target, this.model.output, this.request.score);
  }

  /** The program of a form, opened when first wanted and kept. */
  private program(form: TargetForm, target: Target): Promise<Program> {
    const read = this.isRead(target);
    const key = read && this.request.methods.length === 0 ? '' : form.key;
    let program = this.programs.get(key);
    if (!program) {
      program = openProgram(this.model, this.request, [{ ...form, read }]);
      this.programs.set(key, program);
    }
    return program;
  }

  /**
   * One run.
   * @param targets one an entry of the program, or a list with one an item
   * @param position of the program's one entry among the targets, where it has one
   */
  private async once(
    program: Program,
    feeds: Record<string, RunTensor>,
    targets: readonly (Target | readonly Target[])[],
    count: number,
    position = 0,
  ): Promise<ItemResult[]> {
    const start = performance.now();
    const results = await program.session.run(feeds);
    const milliseconds = performance.now() - start;
    const { output } = this.model;
    const classes = output.binary ? 1 : output.classes;
    const scores = toFloat32(results[program.scores]!);
    const values = program.values.map((value) => (value === undefined ? undefined : toFloat32(results[value]!)));
    return Array.from({ length: count }, (_, at): ItemResult => {
      const own = scores.slice(at * classes, (at + 1) * classes);
      return {
        scores: own,
        milliseconds,
        targets: targets.map((list, entry) => {
          const target = 'kind' in list ? list : list[at]!;
          const resolved = resolveTarget(target, own, output);
          const value = values[entry]?.[at] ?? classScore(resolved, own, output, this.request.score)!;
          if (!Number.isFinite(value)) throw targetErrors.scoreNotANumber(target.asked ?? targetName(target));
          return { resolved, value };
        }),
        maps: program.maps.map((map): ItemMap => {
          const raw = item(results[map.value]!, at);
          return {
            method: map.method,
            layer: map.layer,
            target: position + map.target,
            dims: raw.dims,
            data: toFloat32(raw).slice(),
          };
        }),
      };
    });
  }

  async release(): Promise<void> {
    await this.together?.session.release();
    const programs = [...this.programs.values()];
    this.programs.clear();
    for (const program of programs) await (await program.catch(() => undefined))?.session.release();
  }
}

const targetName = (target: Target): string => (target.kind === 'function' ? target.name : target.kind);

/** A target with all about it built in. A function's nodes are built in either way. */
function baked(target: Target): Omit<Entry, 'read'> {
  const form = formOf(target);
  return form.nodes ? form : { inputs: [], reads: form.reads, seed: (facts) => seedOf(facts, target) };
}

/** Items whose targets have equal forms, in the order they first appear; items without a target are left out. */
function grouped(targets: readonly (Target | undefined)[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [at, target] of targets.entries()) {
    if (!target) continue;
    const { key } = formOf(target);
    groups.set(key, [...(groups.get(key) ?? []), at]);
  }
  return [...groups.values()];
}

/** Opens a program for entries; those whose score is read from the class scores take part only where there are methods. */
async function openProgram(model: Model, request: ExplainerRequest, entries: readonly Entry[]): Promise<Program> {
  const { methods, layers, score } = request;
  const seeded = entries.filter(({ read }) => methods.length > 0 || !read);
  const nodes = await Promise.all(seeded.map((entry) => entry.nodes?.(model)));
  const added = [...new Set(nodes)].filter((one): one is TargetNodes => one !== undefined);
  const graph = model.graph.with({
    outputs: [],
    inputs: [...model.graph.inputs, ...seeded.flatMap(({ inputs }) => inputs)],
  });
  const built = buildProgram(withNodes({ ...pick(model), graph }, added), {
    methods,
    layers,
    score,
    profile: model.runtime.profile,
    seeds: seeded.map((entry, at) => (facts) => entry.seed(facts, nodes[at])),
    reads: [...seeded.flatMap(({ reads }) => reads), ...added.flatMap(({ reads, value }) => [...reads, value])],
  });
  const b = built.builder;
  const maps = built.maps.map((map) => ({
    ...map,
    value: asFloat32(b, map.value, model.types.get(map.layer?.value ?? '') ?? gradientType(model)),
    target: entries.indexOf(seeded[map.target]!),
  }));
  const scores = asFloat32(b, built.scores, model.types.get(model.output.logits));
  const values = entries.map((entry) => (entry.read ? undefined : built.values[seeded.indexOf(entry)]!));
  const wanted = [scores, ...maps.map((map) => map.value), ...values];
  // A value may be asked for twice (two names of one map): outputs are unique.
  for (const value of new Set(wanted)) if (value !== undefined) b.output(value);
  return { session: await model.runtime.open(tidied(b.build())), scores, maps, values };
}

/** The facts a program is built from. */
export function pick(model: Model) {
  const { graph, shapes, types, image, output } = model;
  return { graph, shapes, types, image, output };
}

function gradientType(model: Model) {
  return model.image.type === 'float16' || model.image.type === 'float64' ? model.image.type : 'float32';
}
