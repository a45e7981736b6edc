export { DiskFolder } from './files/disk-folder.ts';
