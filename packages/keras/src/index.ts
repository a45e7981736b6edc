export type { Files } from './archive/files.ts';
export { isTfjsJson, readManifest, readTfjs, readWeights, type TfjsModel } from './archive/tfjs.ts';
export type { RawWeight } from './weights/source.ts';
