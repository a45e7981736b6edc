import { DATA_TYPES } from '@seewhy/onnx';
import { isObject } from '../archive/json.ts';
import type { LayerImporter, LayerTable } from '../layer.ts';

/** Steps whose values are all `mask_value` become 0 and are masked: layers behind pass over them. */
const masking: LayerImporter = {
  masks: 'own',
  build(layer) {
    const { b, options } = layer;
    const x = b.inKerasLayout(layer.x);
    if (x.shape.length !== 3) throw layer.refuse('masked values that are no sequence [steps, features]');
    const raw = options.raw('mask_value');
    const value = isObject(raw) && isObject(raw.config) ? raw.config.value : (raw ?? 0);
    if (typeof value !== 'number') throw layer.refuse('a mask_value that is no number');
    const same = b.cast(b.op('Equal', [x.value, b.scalar(value)]), DATA_TYPES.float32.code);
    // All values alike: the least of the comparisons is 1.
    const kept = b.op('Less', [b.reduce('ReduceMin', same, [2]), b.scalar(0.5)]);
    return { ...x, value: b.where(kept, x.value, b.scalar(0)), mask: b.squeeze(kept, [2]) };
  },
};

export const MASKING_LAYERS: LayerTable = { Masking: masking };
