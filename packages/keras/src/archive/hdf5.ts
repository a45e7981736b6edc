import type { DataType } from '@seewhy/onnx';
import { isSeewhyError } from '@seewhy/onnx';
import { errors } from '../errors.ts';
import type { RawWeight } from '../weights/source.ts';
import { type Hdf5File, textsInPieces } from './hdf5-file.ts';
import { NotPlain, PlainHdf5 } from './plain-hdf5.ts';

type H5 = typeof import('h5wasm');

/** HDF5's signature; it may also lie at 512, 1024, …, behind a user block, which Keras never writes. */
const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** A dataset may be this many times the file, above a free allowance (compressed, or never written and so all zeros). */
const MOST_RATIO = 200;
const FREE_BYTES = 16 << 20;
const MOST_ATTRIBUTE = 256 << 20;

/** True for the bytes of an HDF5 file. */
export function isHdf5(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, at) => bytes[at] === byte);
}

/** What is used of the library's file system in memory. */
interface Files {
  streams: ({ path?: string } | null | undefined)[];
  open(path: string, flags: string): unknown;
  close(stream: unknown): void;
  writeFile(path: string, data: Uint8Array, options: { canOwn: boolean }): void;
  unlink(path: string): void;
}

let library: Promise<H5> | undefined;
let counter = 0;

/** The HDF5 library (WebAssembly), loaded at the first file that needs it: most models need none. */
async function load(): Promise<H5> {
  library ??= import('h5wasm').then(async (h5) => {
    await h5.ready;
    const fs = h5.FS as unknown as Files;
    // The library writes pages about each error to stderr: here they go nowhere, the error itself comes back as a status.
    fs.close(fs.streams[2]);
    fs.open('/dev/null', 'w');
    // A dataset may name an outside file for its bytes. The library sees only files in memory; its devices go too, so that
    // none of them can be named.
    for (const device of ['stdin', 'stdout', 'stderr', 'tty', 'tty1', 'random', 'urandom']) {
      try {
        fs.unlink(`/dev/${device}`);
      } catch {
        // Not there in this build.
      }
    }
    return h5;
  });
  return library;
}

/**
 * Calls `use` with an HDF5 file in memory. A plain file is read where it lies; where it turns out not to be plain, `use` is called again
 * with the library's view of it, so it must change nothing outside of itself.
 * @throws HDF5_INVALID, HDF5_ESCAPES, HDF5_DATASET
 */
export async function withHdf5<T>(bytes: Uint8Array, name: string, use: (file: Hdf5File) => T): Promise<T> {
  if (!isHdf5(bytes)) throw errors.badHdf5(name, 'it does not begin as an HDF5 file');
  try {
    return use(new PlainHdf5(bytes));
  } catch (cause) {
    if (!(cause instanceof NotPlain)) throw cause;
  }
  return withLibrary(bytes, name, use);
}

/** Opens an HDF5 file with the library, calls `use`, and closes it again, whatever happens. */
export async function withLibrary<T>(bytes: Uint8Array, name: string, use: (file: Hdf5File) => T): Promise<T> {
  const h5 = await load();
  const path = `/model-${++counter}.h5`;
  const fs = h5.FS as unknown as Files;
  fs.writeFile(path, bytes, { canOwn: true });
  let file: InstanceType<H5['File']> | undefined;
  try {
    file = new h5.File(path, 'r');
    // The library answers an unreadable file with an id below zero, without an error.
    if (file.file_id < 0n) throw errors.badHdf5(name, 'the library refuses it');
    return use(new Hdf5(h5, file.file_id, name, bytes.length));
  } catch (cause) {
    if (isSeewhyError(cause)) throw cause;
    throw errors.badHdf5(name, 'it is damaged', cause);
  } finally {
    try {
      if (file && file.file_id >= 0n) file.close();
    } catch {
      // A damaged file need not close.
    }
    fs.unlink(path);
    // What a damaged file left open.
    for (const stream of fs.streams) if (stream?.path === path) fs.close(stream);
  }
}

/** An HDF5 file as the library reads it. Links that leave the file are refused. */
class Hdf5 implements Hdf5File {
  private readonly h5: H5;
  private readonly id: bigint;
  private readonly name: string;
  private readonly length: number;

  constructor(h5: H5, id: bigint, name: string, length: number) {
    this.h5 = h5;
    this.id = id;
    this.name = name;
    this.length = length;
  }

  private get module() {
    return this.h5.Module;
  }

  kind(path: string): 'group' | 'dataset' | undefined {
    let at = '';
    let type = this.module.H5G_GROUP;
    for (const part of path.split('/').filter((piece) => piece !== '')) {
      if (type !== this.module.H5G_GROUP) return undefined;
      at = `${at}/${part}`;
      type = this.module.get_type(this.id, at);
      if (type === this.module.H5G_UDLINK) {
        const { filename } = this.module.get_external_link(this.id, at);
        throw errors.hdf5Escapes(this.name, at, `it is a link into the file '${filename}'`);
      }
      if (type === this.module.H5G_LINK) throw errors.hdf5Escapes(this.name, at, 'it is a link that leads nowhere');
    }
    return type === this.module.H5G_GROUP ? 'group' : type === this.module.H5G_DATASET ? 'dataset' : undefined;
  }

  text(path: string, attribute: string): string | undefined {
    const value = this.attribute(path, attribute);
    const first = Array.isArray(value) ? value[0] : value;
    return typeof first === 'string' ? first : undefined;
  }

  texts(path: string, attribute: string): string[] | undefined {
    return textsInPieces((name) => {
      const value = this.attribute(path, name);
      return value === undefined ? undefined : strings(value);
    }, attribute);
  }

  private attribute(path: string, attribute: string): unknown {
    const where = path || '/';
    if (this.kind(where) === undefined || !this.module.get_attribute_names(this.id, where).includes(attribute))
      return undefined;
    const { metadata } = new this.h5.Attribute(this.id, where, attribute);
    if (!metadata.shape) return undefined;
    if (metadata.size * metadata.total_size > Math.min(MOST_ATTRIBUTE, FREE_BYTES + MOST_RATIO * this.length))
      throw errors.badHdf5(this.name, `the attribute '${attribute}' is larger than the file`);
    return new this.h5.Attribute(this.id, where, attribute).value;
  }

  /** Shape and type of a dataset; its elements when asked for: who knows what shape it should have looks at that before. */
  dataset(path: string): RawWeight {
    if (this.kind(path) !== 'dataset') throw errors.hdf5Dataset(this.name, path, 'it is not there');
    const metadata = this.module.get_dataset_metadata(this.id, path);
    const dims = metadata.shape ?? [];
    if (metadata.virtual_sources && metadata.virtual_sources.length > 0)
      throw errors.hdf5Escapes(this.name, path, 'it is put together from other files');
    const type = elementType(metadata.type, metadata.size, metadata.signed);
    if (!type || !metadata.shape) throw errors.hdf5Dataset(this.name, path, 'its elements are no numbers');
    const length = dims.reduce((product, dim) => product * dim, 1) * metadata.size;
    const brain = this.module.get_attribute_names(this.id, path).includes('dtype')
      ? this.text(path, 'dtype')
      : undefined;
    return {
      type: brain === 'bfloat16' ? 'bfloat16' : type,
      dims,
      read: () => this.bytes(path, length),
    };
  }

  private bytes(path: string, length: number): Uint8Array {
    if (length === 0) return new Uint8Array(0);
    if (!(length <= FREE_BYTES + MOST_RATIO * this.length))
      throw errors.hdf5Dataset(this.name, path, `${length} bytes are too large for a file of ${this.length}`);
    const { module } = this;
    const memory = module as unknown as { _malloc(size: number): number; _free(at: number): void; HEAPU8: Uint8Array };
    const at = memory._malloc(length);
    if (at === 0) throw errors.hdf5Dataset(this.name, path, 'there is not enough memory for it');
    try {
      const status = module.get_dataset_data(this.id, path, null, null, null, BigInt(at));
      if (typeof status === 'number' && status < 0) throw new Error(`status ${status}`);
      // Little-endian, whatever the file has: the library turns numbers round as it reads them.
      return memory.HEAPU8.slice(at, at + length);
    } catch (cause) {
      throw errors.hdf5Dataset(this.name, path, 'its bytes are damaged or lie outside the file', cause);
    } finally {
      memory._free(at);
    }
  }
}

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** HDF5's class (0 integer, 1 float) and size as an element type; bool is written as an enum of one byte (class 8). */
function elementType(kind: number, size: number, signed: boolean): DataType | undefined {
  if (kind === 1) return size === 4 ? 'float32' : size === 8 ? 'float64' : size === 2 ? 'float16' : undefined;
  if (kind === 0) return `${signed ? '' : 'u'}int${size * 8}` as DataType;
  // h5py writes bfloat16 as two opaque bytes, with an attribute that says so.
  if (kind === 5 && size === 2) return 'bfloat16';
  return kind === 8 && size === 1 ? 'bool' : undefined;
}
