import { type Picture, resamplePicture } from '@seewhy/core';
import { isSeewhyError } from '@seewhy/onnx';
import type { AuditRecord, AuditRun, Mask, ReportPart } from '@seewhy/report';
import { isCorrect } from '@seewhy/report';
import { loadSharp } from '../picture/sharp.ts';
import { ahead } from './ahead.ts';
import { freeMemory } from './free-memory.ts';
import { type RowStore, readMap } from './row-store.ts';

/** Longer side and quality of the report's pictures, best first, with the bytes that one takes on average. */
const SIZES = [
  { side: 512, quality: 82, bytes: 46_000 },
  { side: 384, quality: 80, bytes: 26_000 },
  { side: 288, quality: 78, bytes: 15_000 },
  { side: 224, quality: 76, bytes: 9000 },
  { side: 160, quality: 72, bytes: 5000 },
  { side: 112, quality: 68, bytes: 2800 },
] as const;

/** What a packed map takes, about. */
const MAP_BYTES = 3500;
/** A report holds so many pictures at most: more are no help to a reader. */
export const MOST_PICTURES = 20_000;

/** Pictures after which the memory of those before is freed. */
const BETWEEN = 1000;

/** How the pictures of a report are made. */
export interface PictureForm {
  readonly side: number;
  readonly quality: number;
}

/**
 * The largest form in which all pictures and maps fit into the bytes there are (base64 takes four for three); the smallest where none does,
 * then the last ones are left out.
 */
export function pictureForm(request: { pictures: number; maps: number; room: number; seen: number }): PictureForm {
  const { pictures, maps, room, seen } = request;
  const each = (room * 0.75 * 0.95 - maps * MAP_BYTES) / Math.max(1, pictures);
  const fits = SIZES.find(({ side, bytes }) => bytes * Math.min(1, (seen / side) ** 2) <= each) ?? SIZES.at(-1)!;
  return { side: Math.min(fits.side, seen), quality: fits.quality };
}

/** Records by what a reader needs most: explained errors, explained hits, other errors, the rest. */
export function byImportance(records: readonly AuditRecord[], run: AuditRun): AuditRecord[] {
  const rank = (record: AuditRecord) => (record.maps ? 0 : 2) + (isCorrect(record, run) === false ? 0 : 1);
  return records
    .map((record, at) => ({ record, at, rank: rank(record) }))
    .sort((a, b) => a.rank - b.rank || a.at - b.at)
    .map(({ record }) => record);
}

/** Pictures, maps and masks of a report, in the order of the records. What cannot be read any more is left out. */
export async function* reportParts(
  records: readonly AuditRecord[],
  store: RowStore,
  request: { form: PictureForm; signed: ReadonlySet<string>; file: (name: string) => string },
): AsyncGenerator<ReportPart> {
  async function* source() {
    yield* records;
  }
  let made = 0;
  for await (const parts of ahead(source(), (record) => partsOf(record, store, request), 6)) {
    yield* parts;
    if (++made % BETWEEN === 0) freeMemory();
  }
}

async function partsOf(
  record: AuditRecord,
  store: RowStore,
  { form, signed, file }: Parameters<typeof reportParts>[2],
): Promise<ReportPart[]> {
  const { id } = record;
  const parts: ReportPart[] = [];
  try {
    const { seen, mask } = await store.load(id);
    parts.push({ kind: 'picture', id, ...(await encodeSmall(seen, form)) });
    for (const [method, map] of Object.entries(record.maps ?? {})) {
      if (map.file === undefined) continue;
      const { width, height, data } = await readMap(file(map.file));
      parts.push({ kind: 'map', id, method, width, height, data: bytesOf(data, signed.has(method)) });
    }
    if (mask) parts.push({ kind: 'mask', id, ...smallMask(mask) });
  } catch (error) {
    if (!isSeewhyError(error)) throw error;
  }
  return parts;
}

/** A map's values as bytes: 0..255 for 0..1, signed ones for −1..1. */
const bytesOf = (data: Float32Array, signed: boolean): Uint8Array =>
  Uint8Array.from(data, (value) => {
    const share = signed ? (value + 1) / 2 : value;
    return Math.round(255 * Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)));
  });

const MASK_SIDE = 256;

function smallMask({ width, height, data }: Mask): { width: number; height: number; data: Uint8Array } {
  const scale = Math.min(1, MASK_SIDE / Math.max(width, height));
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  const small = new Uint8Array(w * h);
  for (let y = 0, at = 0; y < h; y++)
    for (let x = 0; x < w; x++, at++) {
      const from = Math.floor(((y + 0.5) * height) / h) * width + Math.floor(((x + 0.5) * width) / w);
      if (data[from] !== 0) small[at] = 255;
    }
  return { width: w, height: h, data: small };
}

/** A picture as WebP through sharp, else as JPEG. */
async function encodeSmall(
  picture: Picture,
  { side, quality }: PictureForm,
): Promise<{ bytes: Uint8Array; type: 'image/webp' | 'image/jpeg' }> {
  const { width, height } = picture;
  const scale = Math.min(1, side / Math.max(width, height));
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  const small = scale < 1 ? resamplePicture(picture, w, h, 'bicubic') : picture;
  const sharp = await loadSharp();
  if (sharp) {
    const bytes = await sharp(small.data, { raw: { width: w, height: h, channels: 3 } })
      .webp({ quality, effort: 2 })
      .toBuffer();
    return { bytes, type: 'image/webp' };
  }
  const { default: jpeg } = await import('jpeg-js');
  const rgba = Buffer.alloc(w * h * 4, 255);
  for (let i = 0; i < w * h; i++) for (let c = 0; c < 3; c++) rgba[i * 4 + c] = small.data[i * 3 + c]!;
  return { bytes: jpeg.encode({ width: w, height: h, data: rgba }, quality).data, type: 'image/jpeg' };
}
