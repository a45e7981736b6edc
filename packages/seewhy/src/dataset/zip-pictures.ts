import { open, stat } from 'node:fs/promises';
import type { RandomAccess } from './file-tree.ts';
import { ZipTree } from './zip-tree.ts';

/**
 * The files of a zip, sorted, each read when it is asked for. Nothing stays open in between.
 * @throws SeewhyError `ZIP_INVALID`
 */
export async function zipPictures(path: string): Promise<{
  readonly files: readonly { readonly path: string; read(): Promise<Uint8Array> }[];
  readonly notices: readonly string[];
}> {
  const { size } = await stat(path);
  const file: RandomAccess = {
    size,
    close: async () => {},
    slice: async (start, end) => {
      const handle = await open(path, 'r');
      try {
        const bytes = new Uint8Array(Math.max(0, end - start));
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
        return bytes.subarray(0, bytesRead);
      } finally {
        await handle.close();
      }
    },
  };
  const tree = await ZipTree.open(path, file);
  const { files, refused, notices } = await tree.list();
  const left =
    refused.length > 0
      ? [`${refused.length} entries of ${path} lead out of it or are damaged, and were left out.`]
      : [];
  return {
    files: files.map((one) => ({ path: one.path, read: () => tree.read(one.path) })),
    notices: [...notices, ...left],
  };
}
