import { kerasLayerName } from './keras-layer-name.ts';
import type { OpenedModel } from './open-model.ts';

/** Layers given by name, as the core takes them: nothing where none is given. */
export function givenLayers(
  given: readonly string[] | undefined,
  { model, keras }: Pick<OpenedModel, 'model' | 'keras'>,
): { layers?: string[] } {
  return given ? { layers: given.map((name) => kerasLayerName(name, model, keras)) } : {};
}
