/**
 * `npm run gallery`: every method on two photos with a real network, as labelled panels on one page (seewhy-out/gallery.png), and the
 * same page small for the README (docs/gallery.png, with `--readme`).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ContactSheetItem,
  contactSheet,
  type ExplainOptions,
  encodePng,
  explainFile,
  METHODS,
  openModel,
  scaleTo,
} from 'seewhy';

const root = fileURLToPath(new URL('..', import.meta.url));
const PHOTOS = ['chelsea.png', 'coffee.png'];
const COLUMNS = 8;
const TILE = 190;
/** Width of the picture in the README. */
const SMALL = 1200;

/** Methods whose full number of runs takes many minutes are shown with fewer, and say so. */
const FEWER: Readonly<Record<string, ExplainOptions>> = {
  scorecam: { channels: 320 },
  'ss-cam': { channels: 64, samples: 4 },
  'is-cam': { channels: 64, samples: 4 },
  ablationcam: { channels: 320 },
  rise: { masks: 1000 },
};

const readme = process.argv.includes('--readme');
const opened = await openModel(join(root, 'fixtures/models/efficientnet-lite0.onnx'), {
  labels: join(root, 'fixtures/models/imagenet-1000-labels.txt'),
  preprocess: 'signed',
  batch: 'free',
});
const { model } = opened;
const items: ContactSheetItem[] = [];
for (const name of PHOTOS) {
  const photo = join(root, 'fixtures/photos', name);
  for (const { method, supported, reason } of model.methods()) {
    if (!supported) {
      console.log(`${method.name}: ${reason}`);
      continue;
    }
    const { picture, explanations, overlay } = await explainFile(opened, photo, {
      methods: [method.name],
      ...FEWER[method.name],
    });
    const { predictions, sampling, diagnosis, provenance } = explanations[0]!;
    const seconds = (provenance.runMilliseconds / 1000).toFixed(1);
    if (method === METHODS[0]) {
      const best = predictions[0]!;
      items.push({ image: picture, lines: [best.label.split(',')[0]!, `${(100 * best.probability).toFixed(0)} %`] });
    }
    items.push({
      image: overlay(explanations[0]!),
      lines: [
        method.title,
        sampling ? `${sampling.samples} runs, ${seconds} s` : method.cost,
        ...diagnosis.warnings.slice(0, 1),
      ],
    });
    console.log(`${name}  ${method.name}: ${seconds} s`);
  }
}
const sheet = contactSheet(items, {
  title: `${METHODS.length} methods on two photos`,
  subtitle:
    'EfficientNet-Lite0, the class with the highest score; each map from its own smallest to its own largest value',
  columns: COLUMNS,
  tile: TILE,
});
mkdirSync(join(root, 'seewhy-out'), { recursive: true });
const file = join(root, 'seewhy-out/gallery.png');
writeFileSync(file, await encodePng(sheet));
console.log(`Wrote ${file}`);
if (readme) {
  mkdirSync(join(root, 'docs'), { recursive: true });
  const small = scaleTo(sheet, SMALL, Math.round((sheet.height / sheet.width) * SMALL));
  writeFileSync(join(root, 'docs/gallery.png'), await encodePng(small));
}
