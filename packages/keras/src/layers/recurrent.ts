import type { LayerTable } from '../layer.ts';

export const RECURRENT_LAYERS: LayerTable = {};
