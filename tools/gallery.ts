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
  heatmapImage,
  METHODS,
  openModel,
} from 'seewhy';
import sharp from 'sharp';

const root = fileURLToPath(new URL('..', import.meta.url));
const PHOTOS = ['chelsea.png', 'coffee.png'];
const COLUMNS = 8;
const TILE = 190;
/** Width of the picture in the README. */
const SMALL = 840;

/** Methods whose full number of runs takes many minutes are shown with fewer, and say so. */
const FEWER: Readonly<Record<string, ExplainOptions>> = {
  scorecam: { channels: 320 },
  'ss-cam': { channels: 64, samples: 4 },
  'is-cam': { channels: 64, samples: 4 },
  ablationcam: { channels: 320 },
  rise: { masks: 1000 },
};

type Sheet = ReturnType<typeof contactSheet>;

const readme = process.argv.includes('--readme');
const opened = await openModel(join(root, 'fixtures/models/efficientnet-lite0.onnx'), {
  labels: join(root, 'fixtures/models/imagenet-1000-labels.txt'),
  preprocess: 'signed',
  batch: 'free',
});
const { model } = opened;
const sheets: Sheet[] = [];
for (const name of PHOTOS) {
  const photo = join(root, 'fixtures/photos', name);
  const items: ContactSheetItem[] = [];
  for (const { method, supported, reason } of model.methods()) {
    if (!supported) {
      console.log(`${method.name}: ${reason}`);
      continue;
    }
    const { picture, explanations, overlay } = await explainFile(opened, photo, {
      methods: [method.name],
      ...FEWER[method.name],
    });
    const { predictions, sampling, map, signed, provenance } = explanations[0]!;
    if (items.length === 0) {
      const best = predictions[0]!;
      items.push({ image: picture, lines: [best.label.split(',')[0]!, `${(100 * best.probability).toFixed(0)} %`] });
    }
    // Points of single pixels drown in an overlay: pixel maps are shown by themselves, on what the model sees.
    const image =
      method.output === 'pixel' || method.needs === 'picture'
        ? heatmapImage(map, { signed })
        : overlay(explanations[0]!);
    const runs = sampling && sampling.samples > 0 ? `, ${sampling.samples} runs` : '';
    items.push({ image, lines: [method.title, `${method.name}${runs}`] });
    console.log(`${name}  ${method.name}: ${(provenance.runMilliseconds / 1000).toFixed(1)} s`);
  }
  const first = sheets.length === 0;
  sheets.push(
    contactSheet(items, {
      columns: COLUMNS,
      tile: TILE,
      ...(first
        ? {
            title: `${METHODS.length} methods on ${PHOTOS.length} photos`,
            subtitle:
              'EfficientNet-Lite0, the class with the highest score; each map from its own smallest to its own largest value',
          }
        : {}),
    }),
  );
}
const sheet = stacked(sheets);
mkdirSync(join(root, 'seewhy-out'), { recursive: true });
const file = join(root, 'seewhy-out/gallery.png');
writeFileSync(file, await encodePng(sheet));
console.log(`Wrote ${file}`);
if (readme) {
  mkdirSync(join(root, 'docs'), { recursive: true });
  await sharp(file).resize(SMALL).png({ palette: true, effort: 10 }).toFile(join(root, 'docs/gallery.png'));
}

/** Sheets of one width below one another. */
function stacked(parts: readonly Sheet[]): Sheet {
  const { width } = parts[0]!;
  const data = new Uint8Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { width, height: parts.reduce((sum, part) => sum + part.height, 0), channels: 3, data };
}
