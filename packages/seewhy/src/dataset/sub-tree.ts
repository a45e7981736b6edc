import type { FileTree, RandomAccess, TreeListing } from './file-tree.ts';

/** The files below one folder of a tree, as a tree of their own. */
export class SubTree implements FileTree {
  readonly path: string;
  readonly prefix: '' | 'zip/';
  private readonly tree: FileTree;
  private readonly base: string;

  /** @param base folder below the tree's root, without a slash at its end */
  constructor(tree: FileTree, base: string) {
    this.tree = tree;
    this.base = base;
    this.path = tree.path;
    this.prefix = tree.prefix;
  }

  async list(): Promise<TreeListing> {
    const { files, refused, notices, bare = [] } = await this.tree.list();
    const below = ({ path }: { readonly path: string }) => path.startsWith(`${this.base}/`);
    const strip = <T extends { readonly path: string }>(one: T): T => ({
      ...one,
      path: one.path.slice(this.base.length + 1),
    });
    return {
      files: files.filter(below).map(strip),
      refused: refused.map((one) => (below(one) ? strip(one) : one)),
      notices,
      bare: bare.filter((path) => below({ path })).map((path) => path.slice(this.base.length + 1)),
    };
  }

  locate(written: string, from: string): string {
    return this.tree.locate(written, from === '' ? this.base : `${this.base}/${from}`);
  }

  below(from: string): Promise<readonly string[]> {
    return this.tree.below(from === '' ? this.base : `${this.base}/${from}`);
  }

  key(path: string): string {
    return this.tree.key(`${this.base}/${path}`);
  }

  exists(key: string): Promise<boolean> {
    return this.tree.exists(key);
  }

  read(key: string): Promise<Uint8Array> {
    return this.tree.read(key);
  }

  head(key: string, bytes: number): Promise<Uint8Array> {
    return this.tree.head(key, bytes);
  }

  stream(key: string): AsyncIterable<Uint8Array> {
    return this.tree.stream(key);
  }

  random(key: string): Promise<RandomAccess> {
    return this.tree.random(key);
  }

  close(): Promise<void> {
    return this.tree.close();
  }
}
