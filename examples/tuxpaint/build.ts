import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp, { type Sharp } from 'sharp';

/** Where Debian's package tuxpaint-stamps-default puts them. */
export const STAMPS = process.env.TUXPAINT_STAMPS ?? '/usr/share/tuxpaint/stamps';

const HERE = dirname(fileURLToPath(import.meta.url));
const SIDE = 256;
/** The longer side of a stamp; a centre crop of 224 keeps all of it. */
const REACH = 200;
/** Too blurred to show anything, but with a photograph's colours and light. */
const PHOTOS = ['coffee.png', 'chelsea.png', 'rocket.jpg'].map((name) => join(HERE, '../../fixtures/photos', name));

/** The background of one picture. */
async function ground(kind: 'plain' | 'photo', index: number): Promise<Sharp> {
  if (kind === 'plain')
    return sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: { r: 226, g: 224, b: 220 } } });
  const photo = sharp(PHOTOS[index % PHOTOS.length]!)
    .resize(SIDE, SIDE)
    .removeAlpha()
    .blur(32);
  return sharp(await photo.png().toBuffer());
}

/**
 * Makes a labelled data set with exact masks of Debian's stamps for Tux Paint (photographs with an alpha channel): each stamp of stamps.csv
 * once on plain grey and once on a blurred photograph.
 *
 * Writes images/*.jpg (256 × 256), masks/*.png (where alpha is at least a half) and manifest.csv: path, label, stamp, background, mask.
 * @param out folder to write into
 * @returns how many pictures
 */
export async function buildStamps(out: string, { stamps = STAMPS, every = 1 } = {}): Promise<number> {
  const [, ...listed] = (await readFile(join(HERE, 'stamps.csv'), 'utf8')).trim().split('\n');
  const lines = ['path,label,stamp,background,mask'];
  for (const folder of ['images', 'masks']) await mkdir(join(out, folder), { recursive: true });
  for (const [index, line] of listed.entries()) {
    const [stamp, label] = line.split(',') as [string, string];
    if (index % every !== 0) continue;
    const image = await sharp(join(stamps, stamp))
      .ensureAlpha()
      .resize(REACH, REACH, { fit: 'inside' })
      .extend({ background: '#0000' })
      .png()
      .toBuffer();
    const alpha = await sharp({ create: { width: SIDE, height: SIDE, channels: 4, background: '#0000' } })
      .composite([{ input: image, gravity: 'centre' }])
      .png()
      .toBuffer();
    const name = `${label}-${basename(stamp, '.png')}`;
    const mask = `masks/${name}.png`;
    await sharp(alpha).extractChannel('alpha').threshold(128).toColourspace('b-w').png().toFile(join(out, mask));
    for (const kind of ['plain', 'photo'] as const) {
      const path = `images/${name}-${kind}.jpg`;
      const picture = (await ground(kind, index)).composite([{ input: alpha }]);
      await picture.jpeg({ quality: 90 }).toFile(join(out, path));
      lines.push([path, label, basename(stamp, '.png'), kind, mask].join(','));
    }
  }
  await writeFile(join(out, 'manifest.csv'), `${lines.join('\n')}\n`);
  return lines.length - 1;
}

const out = process.argv[2];
if (process.argv[1] === fileURLToPath(import.meta.url) && out)
  console.log(`${await buildStamps(out)} pictures in ${out}`);
