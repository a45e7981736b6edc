// What writes files and nothing else: without the event files and pictures that `node.ts` loads.
export { DiskFolder } from './files/disk-folder.ts';
export { makeFolders } from './files/make-folders.ts';
