import { DATA_TYPES } from '@seewhy/onnx';
import { floatCells } from './float-cells.ts';
import type { GraphMethod } from './method.ts';

/** map = Σ_k mean(A_k) · 1[A_k ≥ mean(A_k) + d · σ(A_k)]. */
export const fem: GraphMethod = {
  kind: 'graph',
  name: 'fem',
  title: 'FEM',
  aliases: ['feature-explanation-method', 'feature-explanation'],
  summary: 'Where the channels of a layer stand far above their own mean, whatever the class.',
  formula: 'Σ_k mean(A_k) · 1[A_k ≥ mean(A_k) + d · σ(A_k)], d = deviations',
  paper:
    'Fuad et al., Features Understanding in 3D CNNs for Actions Recognition in Video, IPTA 2020, sec. III (doi 10.1109/IPTA50016.2020.9286629)',
  needs: 'layer',
  output: 'layer',
  cost: '1.0 predictions',
  stages: { rectify: 'relu' },
  options: { deviations: 2 },
  variants: {
    xplique: 'Σ_k mean(A_k) · 1[A_k ≥ mean + d·σ]: channels cut to 0 and 1, weighted by their mean',
    'pytorch-grad-cam': 'Σ_k w_k A_k with w_k the share of cells where A_k > mean + d·σ',
  },
  variantOf: { 'pytorch-grad-cam': 'pytorch-grad-cam' },
  caution: 'Ignores the target: every class has the same map.',
  build(context) {
    const { b, view, options } = context;
    const activation = floatCells(context);
    const mean = view!.meanSpace(activation);
    const away = b.sub(activation, mean);
    const spread = b.op('Sqrt', [view!.meanSpace(b.mul(away, away))]);
    const level = b.add(mean, b.mul(spread, b.scalar(options.deviations)));
    const above = (op: string) => b.cast(b.op(op, [activation, level]), DATA_TYPES.float32.code);
    if (options.variant === 'xplique') return view!.sumChannels(b.mul(mean, above('GreaterOrEqual')));
    return view!.sumChannels(b.mul(view!.meanSpace(above('Greater')), activation));
  },
};
