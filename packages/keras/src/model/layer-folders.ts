import type { LayerConfig, ModelConfig } from './config.ts';
import { snakeCase } from './snake-case.ts';

/** Classes that are called otherwise in Python than in files. */
const PYTHON_NAMES: Readonly<Record<string, string>> = {
  Model: 'Functional',
  GroupQueryAttention: 'GroupedQueryAttention',
};

/** Folders of a model's layers in a Keras 3 weights file: class names in snake case, counted from the second on. */
export function layerFolders(model: ModelConfig, folder: string): Map<LayerConfig, string> {
  const counts = new Map<string, number>();
  const folders = new Map<LayerConfig, string>();
  const base = folder === '' ? 'layers' : `${folder}/layers`;
  for (const layer of model.layers) {
    if (/(^|\.)ops(\.|$)/.test(layer.module)) {
      folders.set(layer, '');
      continue;
    }
    const name = snakeCase(
      Object.hasOwn(PYTHON_NAMES, layer.className) ? PYTHON_NAMES[layer.className]! : layer.className,
    );
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    folders.set(layer, `${base}/${count === 0 ? name : `${name}_${count}`}`);
  }
  return folders;
}
