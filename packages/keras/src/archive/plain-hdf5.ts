import type { DataType } from '@seewhy/onnx';
import type { RawWeight } from '../weights/source.ts';
import { type Hdf5File, textsInPieces } from './hdf5-file.ts';

/** Thrown where a file is more than plain, or damaged: the HDF5 library then reads it from the start, and says what is wrong. */
export class NotPlain extends Error {}

const UNDEFINED = 2 ** 53;
/** Bounds on what a damaged file can ask for; a file beyond them is the library's. */
const MOST_VISITS = 1_000_000;
const MOST_LEVELS = 16;
const MOST_RANK = 32;

/** Messages of an object header that are read, and those that say nothing about where an element lies. */
const MESSAGE = { dataspace: 0x01, datatype: 0x03, layout: 0x08, attribute: 0x0c, continuation: 0x10, symbols: 0x11 };
const IGNORED: ReadonlySet<number> = new Set([0x00, 0x04, 0x05, 0x0d, 0x0e, 0x12]);

/** Little-endian IEEE floats as a datatype message describes them: bit field, size, bit offset, precision, exponent, mantissa, bias. */
const FLOATS: Readonly<Record<string, DataType>> = {
  '32,15,0,2,0,0,0,0,0,16,0,10,5,0,10,15,0,0,0': 'float16',
  '32,31,0,4,0,0,0,0,0,32,0,23,8,0,23,127,0,0,0': 'float32',
  '32,63,0,8,0,0,0,0,0,64,0,52,11,0,52,255,3,0,0': 'float64',
};

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

interface Stretch {
  readonly at: number;
  readonly length: number;
}

interface Header {
  readonly dataspace?: Stretch;
  readonly datatype?: Stretch;
  readonly layout?: Stretch;
  /** Addresses of a group's B-tree and of the heap with its names. */
  readonly symbols?: readonly [tree: number, heap: number];
  readonly attributes: readonly Stretch[];
}

/**
 * Reads an HDF5 file as h5py writes one by default: superblock 0, groups as symbol tables, little-endian numbers in one piece, attributes
 * in the object header. Nothing is copied: a dataset's bytes are a view on the file. What is anything else throws `NotPlain`, so that
 * what this reader gives is what the library would give, without the library's WebAssembly (4 MB of source, 40 MB of memory).
 *
 * Layout: HDF5 File Format Specification 3.0, sections II.A (superblock), III.A.1 (B-tree), III.B to III.E (symbol table, heaps), IV.A
 * (object header and its messages).
 */
export class PlainHdf5 implements Hdf5File {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly root: number;
  private readonly headers = new Map<number, Header>();
  private readonly groups = new Map<number, ReadonlyMap<string, number>>();
  private readonly heaps = new Map<number, ReadonlyMap<number, Stretch>>();
  private visits = 0;
  /** Characters that may still be decoded, a few times what a file holds: many references to one long text are not plain. */
  private characters: number;

  constructor(bytes: Uint8Array) {
    // Parts of Node's Buffer take longer to make.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.characters = 4 * bytes.length + (1 << 20);
    // Versions of superblock, free space, root entry and shared messages; sizes of offsets and lengths.
    const expected = [0, 0, 0, 0, 0, 8, 8, 0];
    if (bytes.length < 96) throw new NotPlain();
    if (expected.some((byte, at) => bytes[8 + at] !== byte)) throw new NotPlain();
    const end = this.address(40);
    // A base address, a file that was cut off, a driver that spreads it over several.
    if (this.address(24) !== 0 || end > bytes.length || this.address(48) !== UNDEFINED) throw new NotPlain();
    this.root = this.address(64);
  }

  kind(path: string): 'group' | 'dataset' | undefined {
    const header = this.find(path);
    return header && (header.symbols ? 'group' : 'dataset');
  }

  text(path: string, attribute: string): string | undefined {
    return this.attribute(path, attribute)?.[0];
  }

  texts(path: string, attribute: string): string[] | undefined {
    return textsInPieces((name) => this.attribute(path, name), attribute);
  }

  dataset(path: string): RawWeight {
    const header = this.find(path);
    if (!header?.dataspace || !header.datatype || !header.layout) throw new NotPlain();
    // The attribute names a type that HDF5 does not have.
    if (header.attributes.length > 0 && this.attribute(path, 'dtype') !== undefined) throw new NotPlain();
    const dims = this.dims(header.dataspace);
    const { type, size } = this.numberType(header.datatype);
    const { at, length } = header.layout;
    // Version 3, class 1: all elements in one piece.
    if (length < 18 || this.bytes[at] !== 3 || this.bytes[at + 1] !== 1) throw new NotPlain();
    const count = dims.reduce((product, dim) => product * dim, 1);
    const stored = this.address(at + 10);
    if (stored !== count * size) throw new NotPlain();
    const data = stored === 0 ? { at: 0, length: 0 } : this.stretch(this.address(at + 2), stored);
    return { type, dims, read: () => this.bytes.subarray(data.at, data.at + data.length) };
  }

  private find(path: string): Header | undefined {
    let at: number | undefined = this.root;
    for (const part of path.split('/')) {
      if (part === '') continue;
      if (!this.header(at).symbols) return undefined;
      at = this.members(at).get(part);
      if (at === undefined) return undefined;
    }
    return this.header(at);
  }

  /** An offset or length of eight bytes; `UNDEFINED` for one that no file in memory has. */
  private address(at: number): number {
    const low = this.uint32(at);
    const high = this.uint32(at + 4);
    return high >= 2 ** 20 ? UNDEFINED : high * 2 ** 32 + low;
  }

  private uint32(at: number): number {
    if (!(at + 4 <= this.bytes.length)) throw new NotPlain();
    return this.view.getUint32(at, true);
  }

  private uint16(at: number): number {
    if (!(at + 2 <= this.bytes.length)) throw new NotPlain();
    return this.view.getUint16(at, true);
  }

  /** A part of the file; not plain where it reaches beyond the end. */
  private stretch(at: number, length: number): Stretch {
    if (++this.visits > MOST_VISITS || !(at + length <= this.bytes.length)) throw new NotPlain();
    return { at, length };
  }

  private signed(at: number, signature: string): void {
    for (let i = 0; i < 4; i++) if (this.bytes[at + i] !== signature.charCodeAt(i)) throw new NotPlain();
  }

  private header(at: number): Header {
    const before = this.headers.get(at);
    if (before) return before;
    this.stretch(at, 16);
    if (this.bytes[at] !== 1) throw new NotPlain();
    const found: { -readonly [key in keyof Header]: Header[key] } & { attributes: Stretch[] } = { attributes: [] };
    const blocks = [this.stretch(at + 16, this.uint32(at + 8))];
    for (let block = blocks.shift(); block; block = blocks.shift()) {
      const end = block.at + block.length;
      for (let next = block.at; next + 8 <= end; ) {
        const kind = this.uint16(next);
        const body = this.stretch(next + 8, this.uint16(next + 2));
        next += 8 + body.length;
        if (next > end) throw new NotPlain();
        if (IGNORED.has(kind)) continue;
        // Shared: the message itself lies elsewhere.
        if ((this.bytes[body.at - 4]! & 2) !== 0) throw new NotPlain();
        if (kind === MESSAGE.attribute) found.attributes.push(body);
        else if (kind === MESSAGE.continuation)
          blocks.push(this.stretch(this.address(body.at), this.address(body.at + 8)));
        else if (kind === MESSAGE.symbols) found.symbols = [this.address(body.at), this.address(body.at + 8)];
        else if (kind === MESSAGE.dataspace) found.dataspace = body;
        else if (kind === MESSAGE.datatype) found.datatype = body;
        else if (kind === MESSAGE.layout) found.layout = body;
        else throw new NotPlain();
      }
    }
    // A group, or a dataset; a type that stands alone is neither.
    if ((found.symbols === undefined) === (found.layout === undefined)) throw new NotPlain();
    this.headers.set(at, found);
    return found;
  }

  /** Header addresses of a group's members by name. */
  private members(group: number): ReadonlyMap<string, number> {
    const before = this.groups.get(group);
    if (before) return before;
    const [tree, heap] = this.header(group).symbols!;
    this.stretch(heap, 32);
    this.signed(heap, 'HEAP');
    const names = this.stretch(this.address(heap + 24), this.address(heap + 8));
    const members = new Map<string, number>();
    const walk = (at: number, level: number | undefined) => {
      this.stretch(at, 24);
      this.signed(at, 'TREE');
      const height = this.bytes[at + 5]!;
      // Each level is one lower than the one above, so that no walk is endless.
      if (this.bytes[at + 4] !== 0 || height > MOST_LEVELS || (level !== undefined && height !== level))
        throw new NotPlain();
      for (let child = 0; child < this.uint16(at + 6); child++) {
        const below = this.address(at + 32 + 16 * child);
        if (height > 0) walk(below, height - 1);
        else this.leaf(below, names, members);
      }
    };
    walk(tree, undefined);
    this.groups.set(group, members);
    return members;
  }

  private leaf(at: number, names: Stretch, members: Map<string, number>): void {
    this.stretch(at, 8);
    this.signed(at, 'SNOD');
    for (let index = 0; index < this.uint16(at + 6); index++) {
      const entry = this.stretch(at + 8 + 40 * index, 40).at;
      // 0 and 1 are objects; 2 is a link, which may lead anywhere.
      if (this.uint32(entry + 16) > 1) throw new NotPlain();
      const offset = this.address(entry);
      if (offset >= names.length) throw new NotPlain();
      const name = this.decode(names.at + offset, names.length - offset, true);
      if (members.has(name)) throw new NotPlain();
      members.set(name, this.address(entry + 8));
    }
  }

  private dims({ at, length }: Stretch): number[] {
    const rank = this.bytes[at + 1]!;
    if (length < 8 || this.bytes[at] !== 1 || rank > MOST_RANK || length < 8 + 8 * rank) throw new NotPlain();
    const dims = Array.from({ length: rank }, (_, axis) => this.address(at + 8 + 8 * axis));
    if (dims.some((dim) => dim > 2 ** 40)) throw new NotPlain();
    return dims;
  }

  private numberType({ at, length }: Stretch): { type: DataType; size: number } {
    const kind = this.bytes[at]!;
    if (kind === 0x11 && length >= 20) {
      const type = FLOATS[this.bytes.subarray(at + 1, at + 20).join()];
      if (type) return { type, size: this.uint32(at + 4) };
    }
    if (kind === 0x10 && length >= 12) {
      const size = this.uint32(at + 4);
      const [flags, middle, high] = this.bytes.subarray(at + 1, at + 4);
      const whole = this.uint16(at + 8) === 0 && this.uint16(at + 10) === 8 * size;
      // Bit 0: big-endian; bit 3: signed.
      if (whole && (flags! & ~8) === 0 && middle === 0 && high === 0 && [1, 2, 4, 8].includes(size))
        return { type: `${flags === 8 ? '' : 'u'}int${8 * size}` as DataType, size };
    }
    throw new NotPlain();
  }

  /** The texts in an attribute, none where it holds something else; undefined where there is no such attribute. */
  private attribute(path: string, name: string): string[] | undefined {
    for (const { at, length } of this.find(path)?.attributes ?? []) {
      // Version 1: name, type and dataspace, each filled up to eight bytes.
      if (length < 8 || this.bytes[at] !== 1) throw new NotPlain();
      const [nameLength, typeLength, spaceLength] = [this.uint16(at + 2), this.uint16(at + 4), this.uint16(at + 6)];
      const type = at + 8 + filled(nameLength);
      const space = type + filled(typeLength);
      const data = space + filled(spaceLength);
      if (data > at + length || typeLength < 8) throw new NotPlain();
      if (this.decode(at + 8, nameLength, true) !== name) continue;
      const count = this.dims({ at: space, length: spaceLength }).reduce((product, dim) => product * dim, 1);
      const size = this.uint32(type + 4);
      if (size === 0 || !(count * size <= at + length - data)) throw new NotPlain();
      return this.strings(type, size, data, count);
    }
    return undefined;
  }

  private strings(type: number, size: number, data: number, count: number): string[] {
    const kind = this.bytes[type]!;
    const flags = this.bytes[type + 1]!;
    if (kind === 0x13) {
      // Filled up with zeros, or ended by one; spaces are left to the library.
      if ((flags & 15) > 1) throw new NotPlain();
      return Array.from({ length: count }, (_, index) => this.decode(data + index * size, size, false));
    }
    if (kind === 0x19) {
      if ((flags & 15) !== 1 || size !== 16) throw new NotPlain();
      return Array.from({ length: count }, (_, index) => this.heapText(data + 16 * index));
    }
    if ((kind & 15) > 1) throw new NotPlain();
    return [];
  }

  /** A text of any length: its length, the address of a heap, and its number there. */
  private heapText(at: number): string {
    const length = this.uint32(at);
    const heap = this.address(at + 4);
    const wanted = this.uint32(at + 12);
    if (length === 0 || wanted === 0) throw new NotPlain();
    const body = this.heap(heap).get(wanted);
    if (!body || length > body.length) throw new NotPlain();
    return this.decode(body.at, length, false);
  }

  /** The objects of a global heap by their numbers; of two with one number the first counts. */
  private heap(at: number): ReadonlyMap<number, Stretch> {
    const before = this.heaps.get(at);
    if (before) return before;
    this.stretch(at, 16);
    this.signed(at, 'GCOL');
    const { at: begin, length } = this.stretch(at, this.address(at + 8));
    const objects = new Map<number, Stretch>();
    for (let object = begin + 16; object + 16 <= begin + length; ) {
      const index = this.uint16(object);
      // What follows is free.
      if (index === 0) break;
      const body = this.stretch(object + 16, this.address(object + 8));
      if (body.at + body.length > begin + length) throw new NotPlain();
      if (!objects.has(index)) objects.set(index, body);
      object = body.at + filled(body.length);
    }
    this.heaps.set(at, objects);
    return objects;
  }

  /** Text up to a zero, or as long as it may be; `ended`: there has to be a zero. */
  private decode(at: number, most: number, ended: boolean): string {
    const { length } = this.stretch(at, most);
    const zero = this.bytes.subarray(at, at + length).indexOf(0);
    if (ended && zero < 0) throw new NotPlain();
    const end = zero < 0 ? length : zero;
    this.characters -= end;
    if (this.characters < 0) throw new NotPlain();
    try {
      return UTF8.decode(this.bytes.subarray(at, at + end));
    } catch {
      throw new NotPlain();
    }
  }
}

const filled = (length: number) => Math.ceil(length / 8) * 8;
