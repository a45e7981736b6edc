import { KERAS_PEERS, type MelanomaCosts } from './parts/melanoma.ts';
import { EXPLAINED, type TrainingShare } from './parts/training.ts';
import { atLeast, atMost, table } from './report-table.ts';

/** Titles of the networks, and how many times faster than a peer seewhy must be. */
const KERAS_TITLES: Readonly<Record<string, string>> = {
  MobileNetV2: 'MobileNetV2, 224 px',
  EfficientNetB5: 'EfficientNetB5, 456 px, one sigmoid output',
};
const KERAS_MUST: Readonly<Record<string, number>> = { 'EfficientNetB5 tf-explain-gradcam': 15 };

/** The section on Keras models. */
export function melanoma({ networks, start }: MelanomaCosts): string[] {
  const rows = Object.entries(networks);
  const title = (name: string) => KERAS_TITLES[name] ?? name;
  return [
    '## Keras models',
    '',
    'Networks that Keras has saved, read by `@seewhy/keras`. One run of the program : one plain prediction of the imported model, both in',
    'onnxruntime-node. Grad-CAM must cost at most 1.05 (aim 1.02), saliency 3.0 (aim 2.3); a prediction of the imported model at most 1.1 of one of',
    "tf2onnx's export.",
    '',
    ...table(
      ['network', 'import, s', 'prediction, ms', 'Grad-CAM', '', 'saliency', '', "prediction : tf2onnx's", ''],
      rows.map(([name, f]) => [
        title(name),
        f.imported.toFixed(2),
        f.plain.toFixed(1),
        (f.gradcam / f.plain).toFixed(2),
        atMost(f.gradcam / f.plain, [1.05, 1.02]),
        (f.saliency / f.plain).toFixed(2),
        atMost(f.saliency / f.plain, [3, 2.3]),
        (f.plain / f.exported).toFixed(2),
        atMost(f.plain / f.exported, [1.1, 1.1]),
      ]),
    ),
    'Against the Python peers with the same weights:',
    '',
    ...table(
      ['network', 'method', 'peer', 'in predictions', 'seewhy is faster', 'must', ''],
      rows.flatMap(([name, f]) =>
        (['gradcam', 'saliency'] as const).flatMap((method) =>
          KERAS_PEERS.flatMap((peer) => {
            const found = f.peers[`${peer}-${method}`];
            if (!found) return [];
            const must = KERAS_MUST[`${name} ${peer}-${method}`];
            return [
              [
                title(name),
                method === 'gradcam' ? 'Grad-CAM' : 'saliency',
                peer,
                found.predictions.toFixed(1),
                `${found.times.toFixed(2)} ×`,
                must === undefined ? '' : `≥ ${must} ×`,
                must === undefined ? '' : atLeast(found.times, [must, must]),
              ],
            ];
          }),
        ),
      ),
    ),
    'From the start of the process to a written PNG, MobileNetV2: `seewhy explain MODEL chelsea.png` : the same in Python with tf-explain:',
    '',
    ...table(
      ['file', 'seewhy', 'Python', 'faster', 'must', '', 'seewhy', 'Python', 'memory', 'must', ''],
      Object.entries(start).map(([kind, { seewhy, python }]) => {
        const [faster, memory] = [python.milliseconds / seewhy.milliseconds, seewhy.megabytes / python.megabytes];
        return [
          kind,
          ...[seewhy, python].map(({ milliseconds }) => `${(milliseconds / 1000).toFixed(2)} s`),
          `${faster.toFixed(2)} ×`,
          '≥ 10 ×',
          atLeast(faster, [10, 10]),
          ...[seewhy, python].map(({ megabytes }) => `${megabytes.toFixed(0)} MB`),
          memory.toFixed(2),
          '≤ 0.30',
          atMost(memory, [0.3, 0.3]),
        ];
      }),
    ),
  ];
}

/** The section on the callback during a training. */
export const training = ({ trained, epoch, explaining }: TrainingShare): string[] => [
  '## While a model trains',
  '',
  `While TensorFlow.js trains a small network on ${trained} pictures of Fashion-MNIST (Node, its own CPU backend), the callback explains`,
  `${EXPLAINED} pictures by Grad-CAM and saliency in ${explaining.toFixed(0)} ms after an epoch of ${(epoch / 1000).toFixed(2)} s: ${((100 * explaining) / (epoch + explaining)).toFixed(1)} % of the time.`,
  '',
];
