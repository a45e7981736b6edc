import type { Model } from '@seewhy/core';
import type { KerasFacts } from './keras-file.ts';

/**
 * A layer's name as the model has it. Keras layers that do nothing at inference (Dropout, a linear activation) are no layers of the graph:
 * their names stand for the value that they pass on. A layer inside of nested models (`backbone/top_conv`) may be given by its last part,
 * where no other layer ends in it.
 */
export function kerasLayerName(name: string, model: Model, keras: Pick<KerasFacts, 'layers'> | undefined): string {
  if (model.layers.some((layer) => layer.name === name || layer.value === name)) return name;
  const view = keras?.layers.find((layer) => layer.name === name);
  if (view) return model.layers.some(({ value }) => value === view.value) ? view.value : name;
  const inside = model.layers.some((layer) => layer.name.startsWith(`${name}/`) || layer.name.startsWith(`${name}.`));
  const ends = inside ? undefined : keras?.layers.filter((layer) => layer.name.endsWith(`/${name}`));
  return ends?.length === 1 ? kerasLayerName(ends[0]!.name, model, keras) : name;
}
