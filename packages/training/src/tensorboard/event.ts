import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** One value of one tag at a step. */
export type SummaryValue =
  | {
      readonly kind: 'image';
      readonly tag: string;
      readonly width: number;
      readonly height: number;
      readonly png: Uint8Array;
    }
  | { readonly kind: 'scalar'; readonly tag: string; readonly value: number }
  /** Markdown. */
  | { readonly kind: 'text'; readonly tag: string; readonly text: string };

/** What an event file holds, record by record. */
export interface Event {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  /** In a file's first event only. */
  readonly fileVersion?: string;
  readonly values: readonly SummaryValue[];
}

/** What TensorBoard expects in the first event of a file. */
export const FILE_VERSION = 'brain.Event:2';

/** Plugin and DataClass (tensorboard/compat/proto/summary.proto) of each kind: by them TensorBoard finds the dashboard. */
const KINDS = {
  scalar: { plugin: 'scalars', dataClass: 1 },
  text: { plugin: 'text', dataClass: 2 },
  image: { plugin: 'images', dataClass: 3 },
} as const;

/** tensorflow.DataType */
const FLOAT = 1;
const STRING = 7;

const utf8 = new TextEncoder();

/**
 * An event in the wire form of TensorBoard's `Event` message (event.proto, summary.proto, tensor.proto). Values are tensors with a
 * plugin's name, as TensorFlow 2 writes them.
 */
export function encodeEvent(event: Event): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Bit64).double(event.wallTime);
  if (event.step !== 0) writer.tag(2, WireType.Varint).int64(event.step);
  if (event.fileVersion !== undefined) writer.tag(3, WireType.LengthDelimited).string(event.fileVersion);
  if (event.values.length > 0) {
    writer.tag(5, WireType.LengthDelimited).fork();
    for (const value of event.values) writeValue(writer, value);
    writer.join();
  }
  return writer.finish();
}

function writeValue(writer: BinaryWriter, value: SummaryValue): void {
  const { plugin, dataClass } = KINDS[value.kind];
  writer.tag(1, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).string(value.tag);
  writer.tag(9, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).string(plugin);
  writer.join();
  writer.tag(4, WireType.Varint).int32(dataClass);
  writer.join();
  writer.tag(8, WireType.LengthDelimited).fork();
  if (value.kind === 'scalar') {
    writer.tag(1, WireType.Varint).int32(FLOAT);
    writer.tag(2, WireType.LengthDelimited).fork().join();
    // float_val, packed
    writer.tag(5, WireType.LengthDelimited).fork().float(value.value).join();
  } else {
    const strings =
      value.kind === 'text'
        ? [utf8.encode(value.text)]
        : [utf8.encode(String(value.width)), utf8.encode(String(value.height)), value.png];
    writer.tag(1, WireType.Varint).int32(STRING);
    writer.tag(2, WireType.LengthDelimited).fork();
    writer.tag(2, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.Varint).int64(strings.length);
    writer.join();
    writer.join();
    for (const bytes of strings) writer.tag(8, WireType.LengthDelimited).bytes(bytes);
  }
  writer.join();
  writer.join();
}

/**
 * Reads an event. Values of other kinds than ours are left out.
 * @returns undefined for bytes that are no event
 */
export function decodeEvent(bytes: Uint8Array): Event | undefined {
  try {
    return readEvent(new BinaryReader(bytes));
  } catch {
    // The wire reader's own errors: cut off, or an unknown kind of field.
    return undefined;
  }
}

function readEvent(reader: BinaryReader): Event {
  let wallTime = 0;
  let step = 0;
  let fileVersion: string | undefined;
  const values: SummaryValue[] = [];
  for (const field of fields(reader, reader.len)) {
    if (field === 1) wallTime = reader.double();
    else if (field === 2) step = Number(reader.int64());
    else if (field === 3) fileVersion = reader.string();
    else if (field === 5) {
      for (const inner of within(reader)) {
        if (inner !== 1) continue;
        const value = readValue(reader);
        if (value) values.push(value);
      }
    }
  }
  return { wallTime, step, ...(fileVersion === undefined ? {} : { fileVersion }), values };
}

function readValue(reader: BinaryReader): SummaryValue | undefined {
  let tag = '';
  let plugin = '';
  let floats: number[] = [];
  const strings: Uint8Array[] = [];
  for (const field of within(reader)) {
    if (field === 1) tag = reader.string();
    else if (field === 9) {
      for (const inner of within(reader)) {
        if (inner !== 1) continue;
        for (const name of within(reader)) if (name === 1) plugin = reader.string();
      }
    } else if (field === 8) {
      for (const inner of within(reader)) {
        if (inner === 8) strings.push(reader.bytes());
        else if (inner === 5) floats = readFloats(reader);
      }
    }
  }
  const text = (at: number) => new TextDecoder().decode(strings[at]);
  if (plugin === KINDS.scalar.plugin && floats.length === 1) return { kind: 'scalar', tag, value: floats[0]! };
  if (plugin === KINDS.text.plugin && strings.length === 1) return { kind: 'text', tag, text: text(0) };
  if (plugin === KINDS.image.plugin && strings.length === 3)
    return { kind: 'image', tag, width: Number(text(0)), height: Number(text(1)), png: strings[2]! };
  return undefined;
}

function readFloats(reader: BinaryReader): number[] {
  const end = reader.uint32() + reader.pos;
  const floats: number[] = [];
  while (reader.pos < end) floats.push(reader.float());
  return floats;
}

/** Field numbers of the message that begins here with its length; the caller reads those it knows. */
function within(reader: BinaryReader): Generator<number> {
  const length = reader.uint32();
  return fields(reader, reader.pos + length);
}

function* fields(reader: BinaryReader, end: number): Generator<number> {
  while (reader.pos < end) {
    const [number, type] = reader.tag();
    const before = reader.pos;
    yield number;
    if (reader.pos === before) reader.skip(type, number);
  }
}
