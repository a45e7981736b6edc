import { errors } from '../errors.ts';
import type { LayerPlace, RawWeight, WeightSource, WeightSpec } from './source.ts';

export interface NamedWeight {
  /** As stored: `conv1/kernel:0`, `backbone/conv1/kernel`. */
  readonly name: string;
  readonly weight: () => RawWeight;
}

/**
 * Weights that lie in a list under their names, in the order Keras made them: legacy HDF5 files (one list a top-level layer) and
 * TensorFlow.js manifests (one list for all). A layer's weights are those with its name as a part of theirs; among these they are told apart by
 * their own names where that is clear, else taken in order.
 */
export class NamedWeights implements WeightSource {
  /** Lists by top-level layer; under '' the list of a whole model. */
  private readonly groups: ReadonlyMap<string, readonly NamedWeight[]>;
  private readonly parts = new Map<NamedWeight, readonly string[]>();

  constructor(groups: ReadonlyMap<string, readonly NamedWeight[]>) {
    this.groups = groups;
    for (const group of groups.values())
      for (const entry of group) this.parts.set(entry, entry.name.replace(/:\d+$/, '').split('/'));
  }

  find(place: LayerPlace, specs: readonly WeightSpec[]): RawWeight[] {
    const [top] = place.names;
    const own = this.groups.get(top!);
    const group = own ?? this.groups.get('') ?? [];
    const mine = this.ofLayer(group, place.names);
    const candidates =
      mine.length > 0 ? mine : own && own.length === specs.length ? own : this.nearTo(group, place.names);
    // A top-level layer's own list is complete: names in it may be those of older Keras versions, then it is in order.
    if (own && place.names.length === 1 && own.length === specs.length)
      return this.byName(own, specs) ?? inOrder(own, specs);
    const byName = this.byName(candidates, specs);
    if (byName) return byName;
    if (candidates.length === specs.length) return inOrder(candidates, specs);
    const missing = specs.find((spec) => this.named(candidates, spec).length === 0) ?? specs[0]!;
    throw errors.weightMissing(place.label, missing.name, `'${[...place.names, missing.name].join('/')}'`);
  }

  beside(place: LayerPlace, spec: WeightSpec): RawWeight | undefined {
    const mine = this.ofLayer(this.groups.get(place.names[0]!) ?? this.groups.get('') ?? [], place.names);
    const found = mine.filter((entry) => endsWith(this.parts.get(entry)!, tailOf(spec)));
    return found.length === 1 ? found[0]!.weight() : undefined;
  }

  /** Weights with the layer's name in their path; where several layers share a name, those whose path has the outer names too. */
  private ofLayer(group: readonly NamedWeight[], names: readonly string[]): readonly NamedWeight[] {
    const leaf = names[names.length - 1]!;
    const leafParts = leaf.split('/');
    let found = group.filter((entry) => indexOfRun(this.parts.get(entry)!, leafParts) >= 0);
    for (let outer = names.length - 2; outer >= 0 && found.length > 0; outer--) {
      const narrower = found.filter((entry) => this.parts.get(entry)!.slice(0, -1).includes(names[outer]!));
      if (narrower.length > 0 && narrower.length < found.length) found = narrower;
    }
    return found;
  }

  /**
   * Weights that do not have their layer's name: those of a layer that another wraps may have the wrapper's (TimeDistributed of Keras 2 and
   * TensorFlow.js), those of Normalization have none.
   */
  private nearTo(group: readonly NamedWeight[], names: readonly string[]): readonly NamedWeight[] {
    const wrapper = names.at(-2);
    const wrapped = group.filter((entry) => wrapper !== undefined && this.parts.get(entry)!.at(-2) === wrapper);
    return wrapped.length > 0 ? this.ofLayer(wrapped, names.slice(0, -1)) : this.withoutLayer(group);
  }

  /** Weights that stand under their own names alone: Keras 2 writes those of Normalization so. */
  private withoutLayer(group: readonly NamedWeight[]): readonly NamedWeight[] {
    return group.filter((entry) => this.parts.get(entry)!.length === 1);
  }

  private byName(candidates: readonly NamedWeight[], specs: readonly WeightSpec[]): RawWeight[] | undefined {
    const found: RawWeight[] = [];
    for (const spec of specs) {
      const entries = this.named(candidates, spec);
      if (entries.length !== 1) return undefined;
      found.push(entries[0]!.weight());
    }
    return found;
  }

  private named(candidates: readonly NamedWeight[], spec: WeightSpec): readonly NamedWeight[] {
    const tail = tailOf(spec);
    const exact = candidates.filter((entry) => endsWith(this.parts.get(entry)!, tail));
    return exact.length > 0 || tail.length === 1
      ? exact
      : candidates.filter((entry) => endsWith(this.parts.get(entry)!, [spec.name]));
  }
}

/** How a weight's path ends: the layer that owns it, its own name. */
function tailOf(spec: WeightSpec): string[] {
  const owner = spec.ownerName ?? spec.owner;
  return [...(owner ? owner.split('/') : []), spec.name];
}

/** Takes weights in order; shapes are checked by who asked. Old files hold trained weights first. */
function inOrder(entries: readonly NamedWeight[], specs: readonly WeightSpec[]): RawWeight[] {
  const order = [
    ...specs.filter(({ trainable }) => trainable !== false),
    ...specs.filter(({ trainable }) => trainable === false),
  ];
  return specs.map((spec) => entries[order.indexOf(spec)]!.weight());
}

function endsWith(parts: readonly string[], tail: readonly string[]): boolean {
  return tail.length <= parts.length && tail.every((part, at) => parts[parts.length - tail.length + at] === part);
}

/** Where `run` stands in `parts` (not as the last part, which is the weight's own name); -1 where it does not. */
function indexOfRun(parts: readonly string[], run: readonly string[]): number {
  for (let at = 0; at + run.length < parts.length; at++)
    if (run.every((part, offset) => parts[at + offset] === part)) return at;
  return -1;
}
