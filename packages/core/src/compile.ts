import { type Graph, removeDeadNodes, Value } from '@seewhy/onnx';
import { pick } from './explainer.ts';
import { appendFinishedMap } from './finish-in-graph.ts';
import { imageDims } from './image-input.ts';
import type { Layer } from './layers.ts';
import type { GraphMethod } from './methods/method.ts';
import type { Model } from './model.ts';
import { asFloat32, buildProgram, type ChosenMethod, usesLayer } from './program.ts';
import { seedOf } from './seed.ts';
import type { ScoreKind, Target } from './target.ts';

export interface CompileRequest {
  readonly methods: readonly ChosenMethod<GraphMethod>[];
  readonly layers: readonly Layer[];
  /** One target, or `input`: an int64 input `target` of shape `[N]`. */
  readonly target: Target | 'input';
  readonly score: ScoreKind;
  /** Also the finished map `[N, H, W]` as `<method>.map`. */
  readonly map?: boolean;
}

/**
 * The explained model as a plain graph, standard domain only: every output of the model under its own name, then `<method>` (raw map,
 * batch first; several layers: `<method>/<layer>`), `seewhy.target` (int64 `[N]`, the explained class) and, if asked for,
 * `<method>.map`. The picture's size is fixed to the model's input size; the batch is free where `model.batch` is.
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
      ...(request.target === 'input' ? [new Value('target', 'int64', ['N'])] : []),
    ],
  });
  const built = buildProgram(
    { ...pick(model), graph: base },
    {
      methods: request.methods,
      layers: request.layers,
      score: request.score,
      profile: 'native',
      seeds: [(facts) => seedOf(facts, request.target === 'input' ? { index: 'target' } : request.target)],
    },
  );
  const b = built.builder;
  const batch = free ? 'N' : 1;
  for (const map of built.maps) {
    const several = request.layers.length > 1 && usesLayer(map.method);
    const name = several ? `${map.method.name}/${map.layer!.name}` : map.method.name;
    const type = model.types.get(map.layer?.value ?? image.name);
    const raw = asFloat32(b, map.value, type);
    const dims = {
      layer: () => [map.layer!.grid.height, map.layer!.grid.width],
      pixel: () => imageDims(image).slice(1),
      plane: () => [image.height, image.width],
    }[map.method.output]();
    b.output(raw, name, 'float32', [batch, ...dims]);
    if (request.map) {
      const finished = appendFinishedMap(b, raw, map.method, image);
      b.output(finished, `${name}.map`, 'float32', [batch, image.height, image.width]);
    }
  }
  b.output(built.indices[0]!, 'seewhy.target', 'int64', [batch]);
  return removeDeadNodes(b.build());
}
