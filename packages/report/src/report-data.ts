import type { AuditRecord } from './audit-record.ts';
import type { AuditRun } from './audit-run.ts';
import type { Finding, MapCluster } from './finding.ts';

/** Everything the page shows but the pictures and maps themselves. */
export interface ReportData {
  readonly run: AuditRun;
  readonly records: readonly AuditRecord[];
  readonly findings: readonly Finding[];
  readonly clusters: readonly MapCluster[];
  /** What `--max-size` or the number of pictures left out of this file, in sentences. */
  readonly omitted: readonly string[];
}

/** A piece of the report beside its data, in any order: a picture, a map on it, or its mask. */
export type ReportPart = (
  | {
      readonly kind: 'picture';
      readonly id: string;
      /** A complete WebP, JPEG or PNG file of what the model saw (cropped as the preprocessing crops). */
      readonly bytes: Uint8Array;
      readonly type: 'image/webp' | 'image/jpeg' | 'image/png';
    }
  | {
      readonly kind: 'map';
      readonly id: string;
      readonly method: string;
      readonly width: number;
      readonly height: number;
      /** Row by row: 0..255 for the map's 0..1; for signed maps 0..255 for −1..1. */
      readonly data: Uint8Array;
    }
  | {
      readonly kind: 'mask';
      readonly id: string;
      readonly width: number;
      readonly height: number;
      /** Row by row, 0 outside, 255 inside. */
      readonly data: Uint8Array;
    }
) & {
  /** Comparisons only: which run the part belongs to; what both share (pictures, masks) belongs to neither. */
  readonly side?: 'a' | 'b';
};
