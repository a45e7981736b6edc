import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeNpy } from '@seewhy/core';
import { folder, model, photo, seewhy } from './seewhy.ts';

/** What the tests of `seewhy explain` start from. */
export const cnn = model('tiny-cnn');
export const cat = photo('chelsea.png');
export const scratch = folder('explain');
export const five = join(scratch, 'five.txt');
export const known = ['--labels', five, '--preprocess', 'unit'];
let round = 0;
/** A new folder for results. */
export const out = () => join(scratch, `out${++round}`);
export const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
export const npy = (path: string) => decodeNpy(readFileSync(path));

/** Labels of five classes, and a folder with three pictures and one file that is none. */
export function layOut(): void {
  writeFileSync(five, 'tabby cat\ntiger cat\nlynx\ndog\nbird, robin\n');
  mkdirSync(join(scratch, 'photos/more'), { recursive: true });
  copyFileSync(cat, join(scratch, 'photos/cat.png'));
  copyFileSync(photo('rocket.jpg'), join(scratch, 'photos/rocket.jpg'));
  copyFileSync(photo('coffee.png'), join(scratch, 'photos/more/cat.png'));
  writeFileSync(join(scratch, 'photos/notes.txt'), 'no picture');
}

/** Explains the folder of pictures. */
export const explainPhotos = (to: string, ...more: string[]) =>
  seewhy(['explain', cnn, join(scratch, 'photos'), ...known, '-o', to, ...more]);
