import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { costs } from '../measure.ts';
import { cache, root } from '../places.ts';
import { processCost } from '../process-cost.ts';

export const PHOTOS = 200;

export interface FolderCosts {
  /** Pictures a second, whole processes. */
  loop: number;
  /** `--save json`: heatmaps made, their figures written, nothing drawn. */
  json: number;
  /** Overlay and JSON of every picture, as by default. */
  overlay: number;
}

/** A folder of photos explained by the command, beside a loop that only decodes and predicts. */
export async function measureFolder(effort: number): Promise<Record<string, FolderCosts>> {
  const photos = await makePhotos();
  const out = mkdtempSync(join(tmpdir(), 'seewhy-bench-out-'));
  const results: Record<string, FolderCosts> = {};
  const models = {
    'efficientnet-lite0': join(root, 'fixtures', 'models', 'efficientnet-lite0.onnx'),
    resnet50: join(cache, 'resnet50.onnx'),
  };
  try {
    for (const [name, model] of Object.entries(models)) {
      const command = join(root, 'packages', 'seewhy', 'dist', 'main.js');
      const explain = (save: string) => () =>
        processCost(process.execPath, [
          ...[command, 'explain', model, photos, '-o', join(out, save), '--threads', '2', '--force', '--quiet'],
          ...['--preprocess', 'imagenet', '--save', save],
        ]);
      const sides = {
        loop: () => processCost(process.execPath, [join(root, 'bench', 'peers', 'predict-folder.mjs'), model, photos]),
        json: explain('json'),
        overlay: explain('overlay,json'),
      };
      const times = { loop: [] as number[][], json: [] as number[][], overlay: [] as number[][] };
      const names = ['loop', 'json', 'overlay'] as const;
      for (let round = 0; round < Math.max(3, Math.round(5 * effort)); round++)
        for (let turn = 0; turn < 3; turn++) {
          const side = names[(turn + round) % 3]!;
          times[side].push([(await sides[side]()).milliseconds]);
        }
      const whole = costs(times, 'loop');
      const rate = (side: 'loop' | 'json' | 'overlay') => PHOTOS / (whole[side] / 1000);
      results[name] = { loop: rate('loop'), json: rate('json'), overlay: rate('overlay') };
      console.log(
        `${name}: ${rate('json').toFixed(1)} pictures/s explained, ${rate('overlay').toFixed(1)} with overlays, ${rate('loop').toFixed(1)} predicted`,
      );
    }
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
  return results;
}

/** Cuts of the fixtures' photos, 640 × 480 JPEG, the same each time. */
export async function makePhotos(): Promise<string> {
  const folder = join(cache, 'photos');
  if (existsSync(folder) && readdirSync(folder).length === PHOTOS) return folder;
  mkdirSync(folder, { recursive: true });
  const require = createRequire(join(root, 'packages', 'seewhy', 'package.json'));
  const sharp = require('sharp');
  const sources = readdirSync(join(root, 'fixtures', 'photos')).filter((file) => /\.(png|jpe?g)$/.test(file));
  for (let index = 0; index < PHOTOS; index++) {
    const source = join(root, 'fixtures', 'photos', sources[index % sources.length]!);
    const { width, height } = await sharp(source).metadata();
    const share = 0.6 + (0.4 * ((index * 37) % PHOTOS)) / PHOTOS;
    const cut = { width: Math.floor(width * share), height: Math.floor(height * share) };
    await sharp(source)
      .extract({ left: Math.floor((width - cut.width) / 2), top: Math.floor((height - cut.height) / 3), ...cut })
      .resize(640, 480, { fit: 'cover' })
      .toColourspace('srgb')
      .jpeg({ quality: 90 })
      .toFile(join(folder, `${String(index).padStart(3, '0')}.jpg`));
  }
  return folder;
}
