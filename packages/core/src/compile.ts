import { type Graph, Value, type ValueName } from '@seewhy/onnx';
import { errors } from './errors.ts';
import { pick } from './explainer.ts';
import { appendFinishing, appendReduction } from './finish-in-graph.ts';
import { type Finishing, reducerOf, stagesOf } from './heatmap/finishing.ts';
import { imageDims } from './image-input.ts';
import type { Layer } from './layers.ts';
import type { GraphMethod } from './methods/method.ts';
import type { Model } from './model.ts';
import { asFloat32, buildProgram, type ChosenMethod } from './program.ts';
import type { GraphMap } from './resize-in-graph.ts';
import { type SeedFacts, seedOf } from './seed.ts';
import type { ScoreKind, Target } from './target.ts';
import { tidied } from './tidied.ts';

/** Name of the input that chooses the class. */
const TARGET = 'target';

/** What one explained graph is to give: methods, layers, target, and whether the map leaves it finished. */
export interface CompileRequest {
  readonly methods: readonly ChosenMethod<GraphMethod>[];
  readonly layers: readonly Layer[];
  /** One target, or `input`: an int64 input `target` of shape `[N]`. */
  readonly target: Target | 'input';
  readonly score: ScoreKind;
  /** Also the finished map `[N, H, W]` as `<method>.map`, finished so; several layers become one map. */
  readonly map?: Finishing | undefined;
}

/**
 * The explained model as a plain graph, standard domain only: every output of the model under its own name, then `<method>` (raw map,
 * batch first; several layers: `<method>/<layer>`), `seewhy.target` (int64 `[N]`, the explained class) and, if asked for,
 * `<method>.map`. The picture's size is fixed to the model's input size; the batch is free where `model.batch` is.
 *
 * A class that comes in through `target` and does not exist (below 0, or not below the number of classes) makes the maps of its item NaN
 * and its `seewhy.target` -1; the other items of the batch are not touched.
 * @throws MODEL_NAMES_TAKEN
 */
export function compileExplained(model: Model, request: CompileRequest): Graph {
  const { graph, image } = model;
  const free = model.batch === 'free';
  const base = graph.with({
    inputs: [
      ...graph.inputs.map((value) =>
        value.name === image.name
          ? new Value(value.name, image.type, [free ? 'N' : 1, ...imageDims(image).slice(1)])
          : value,
      ),
      ...(request.target === 'input' ? [new Value(TARGET, 'int64', ['N'])] : []),
    ],
  });
  let valid: ValueName | undefined;
  const built = buildProgram(
    { ...pick(model), graph: base },
    {
      methods: request.methods,
      layers: request.layers,
      score: request.score,
      profile: 'native',
      seeds: [
        (facts) => {
          if (request.target !== 'input') return seedOf(facts, request.target);
          const checked = checkedClass(facts);
          valid = checked.valid;
          return seedOf(facts, { index: checked.index });
        },
      ],
    },
  );
  const b = built.builder;
  const batch = free ? 'N' : 1;
  /** Values `[N, …]`, NaN where the class does not exist. */
  const checked = (value: ValueName, rank: number) =>
    valid ? b.where(b.reshape(valid, [-1, ...Array(rank - 1).fill(1)]), value, b.scalar(Number.NaN)) : value;
  for (const { method } of request.methods) {
    const made = built.maps.filter((map) => map.method === method);
    const layers: GraphMap[] = [];
    for (const map of made) {
      const name = made.length > 1 ? `${method.name}/${map.layer!.name}` : method.name;
      const type = model.types.get(map.layer?.value ?? image.name);
      const raw = asFloat32(b, map.value, type);
      const dims = {
        layer: () => [map.layer!.grid.height, map.layer!.grid.width],
        pixel: () => imageDims(image).slice(1),
        plane: () => [image.height, image.width],
      }[method.output]();
      b.output(checked(raw, dims.length + 1), name, 'float32', [batch, ...dims]);
      if (!request.map) continue;
      const pixel = method.output === 'pixel';
      const value = pixel ? appendReduction(b, raw, reducerOf(method, request.map), image) : raw;
      const [height, width] = pixel ? [image.height, image.width] : (dims as [number, number]);
      layers.push({ value, height, width });
    }
    if (request.map) {
      const finished = appendFinishing(b, layers, stagesOf(method, request.map, layers.length), image);
      b.output(checked(finished, 3), `${method.name}.map`, 'float32', [batch, image.height, image.width]);
    }
  }
  const explained = built.indices[0]!;
  b.output(valid ? b.where(valid, explained, b.int(-1)) : explained, 'seewhy.target', 'int64', [batch]);
  const compiled = b.build();
  const taken = [...repeated(compiled.feeds), ...repeated(compiled.outputs)];
  if (taken.length > 0) throw errors.namesTaken(taken);
  return tidied(compiled);
}

/** Names that occur more than once: among the model's own and what is added. */
function repeated(values: readonly Value[]): string[] {
  const names = values.map(({ name }) => name);
  return [...new Set(names.filter((name, at) => names.indexOf(name) !== at))];
}

/** The class that comes in, 0 in place of one that does not exist; `valid`: bool `[N]`. */
function checkedClass({ b, output }: SeedFacts): { index: ValueName; valid: ValueName } {
  const first = b.int(0);
  const valid = b.op('And', [b.greater(TARGET, b.int(-1)), b.greater(b.int(output.classes), TARGET)]);
  return { index: b.where(valid, TARGET, first), valid };
}
