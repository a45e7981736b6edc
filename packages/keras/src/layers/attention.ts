import type { LayerTable } from '../layer.ts';

export const ATTENTION_LAYERS: LayerTable = {};
