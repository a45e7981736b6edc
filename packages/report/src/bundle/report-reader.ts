import { Inflate, inflateSync } from 'fflate';
import { fromBase64 } from '../base64.ts';
import { errors } from '../errors.ts';
import type { BlockKind, PartEntry, PartKind, ReportTotals } from './blocks.ts';
import { unpackMap } from './map-codec.ts';

/** Names one part: of a map also its method, in a comparison the run it belongs to. */
export interface PartName {
  readonly kind: PartKind;
  readonly id: string;
  readonly method?: string;
  readonly side?: 'a' | 'b';
}

export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

interface Part {
  readonly entry: PartEntry;
  /** The block it stands in, and where its bytes begin there. */
  readonly text: string;
  readonly start: number;
}

const decoder = new TextDecoder();
const keyOf = ({ kind, id, method, side }: PartName) => JSON.stringify([kind, side ?? '', method ?? '', id]);

/**
 * Reads what `reportFile` appended, block by block as the blocks arrive. Parts are decoded when they are asked for, one at a time:
 * opening a report costs its index only.
 */
export class ReportReader<Data = unknown> {
  /** Complete after the block `data-end`. */
  data: Data | undefined;
  /** Known after the block `end`. */
  totals: ReportTotals | undefined;
  private readonly parts = new Map<string, Part>();
  private text = '';
  private head: Record<string, unknown> | undefined;
  private readonly inflate = new Inflate((piece) => this.takeText(piece));
  private readonly lines = new TextDecoder();

  /** @throws SeewhyError `REPORT_DAMAGED` */
  add(kind: BlockKind, text: string): void {
    try {
      if (kind === 'data' || kind === 'data-end') {
        if (this.data === undefined) this.inflate.push(fromBase64(text), kind === 'data-end');
        if (kind === 'data-end') this.data = this.finishData();
      } else if (kind === 'parts') this.addParts(text);
      else this.totals = JSON.parse(decoder.decode(inflateSync(fromBase64(text))));
    } catch (cause) {
      throw errors.reportDamaged(kind, cause);
    }
  }

  has(name: PartName): boolean {
    return this.parts.has(keyOf(name));
  }

  /** How many parts are known so far. */
  get size(): number {
    return this.parts.size;
  }

  /** A picture's file; undefined when it is not in the report (or not yet). */
  picture(name: Omit<PartName, 'kind' | 'method'>): { type: string; bytes: Uint8Array<ArrayBuffer> } | undefined {
    const part = this.parts.get(keyOf({ ...name, kind: 'picture' }));
    return part && { type: part.entry.type ?? 'image/png', bytes: this.bytesOf(part) };
  }

  /** A picture as a data address: cut out of the block as it stands, nothing is decoded here. */
  pictureUrl(id: string): string | undefined {
    const part = this.parts.get(keyOf({ kind: 'picture', id }));
    return part && `data:${part.entry.type ?? 'image/png'};base64,${this.textOf(part)}`;
  }

  /** A map or mask; undefined when it is not in the report (or not yet). */
  plane(name: PartName): Plane | undefined {
    const part = this.parts.get(keyOf(name));
    if (!part) return undefined;
    const { width = 0, height = 0 } = part.entry;
    const data = unpackMap(this.bytesOf(part), width, height);
    if (!data) throw errors.reportDamaged('parts', `${name.kind} of '${name.id}'`);
    return { width, height, data };
  }

  private bytesOf(part: Part): Uint8Array<ArrayBuffer> {
    return fromBase64(this.textOf(part)).subarray(0, part.entry.size);
  }

  /** The part in base64, with up to two zero bytes after its end. */
  private textOf({ entry, text, start }: Part): string {
    return text.slice(start + (entry.at / 3) * 4, start + Math.ceil((entry.at + entry.size) / 3) * 4);
  }

  private addParts(text: string): void {
    const stop = text.indexOf('.');
    const index = JSON.parse(decoder.decode(inflateSync(fromBase64(text.slice(0, stop))))) as PartEntry[];
    for (const entry of index) this.parts.set(keyOf(entry), { entry, text, start: stop + 1 });
  }

  private takeText(piece: Uint8Array): void {
    this.text += this.lines.decode(piece, { stream: true });
    let from = 0;
    for (let stop = this.text.indexOf('\n'); stop >= 0; stop = this.text.indexOf('\n', from)) {
      this.takeLine(this.text.slice(from, stop));
      from = stop + 1;
    }
    this.text = this.text.slice(from);
  }

  private takeLine(line: string): void {
    if (!this.head) {
      this.head = JSON.parse(line) as Record<string, unknown>;
      return;
    }
    const tab = line.indexOf('\t');
    (this.head[line.slice(0, tab)] as unknown[]).push(JSON.parse(line.slice(tab + 1)));
  }

  private finishData(): Data {
    if (!this.head || this.text !== '') throw new Error('the data end in the middle of a line');
    return this.head as Data;
  }
}
