import type { Model } from '@seewhy/core';
import type { KerasFacts } from './keras-file.ts';

/**
 * A layer's name as the model has it. Keras layers that do nothing at inference (Dropout, a linear activation) are no layers of the graph:
 * their names stand for the value that they pass on.
 */
export function kerasLayerName(name: string, model: Model, keras: Pick<KerasFacts, 'layers'> | undefined): string {
  if (model.layers.some((layer) => layer.name === name || layer.value === name)) return name;
  const view = keras?.layers.find((layer) => layer.name === name);
  return view && model.layers.some(({ value }) => value === view.value) ? view.value : name;
}
