import type { LayerImporter, LayerTable } from '../layer.ts';
import type { LayerConfig } from '../model/config.ts';

export function functionImporter(_layer: LayerConfig, _label: string, _custom: LayerTable): LayerImporter | undefined {
  return undefined;
}
