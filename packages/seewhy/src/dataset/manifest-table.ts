import type { AuditProblemRow } from './contract.ts';

/** One row of a manifest: cells by column, as the format types them. */
export interface ManifestRow {
  /** Line it begins on, or number of the row, from 1. */
  readonly line: number;
  readonly cells: ReadonlyMap<string, unknown>;
}

/** A manifest that is read row by row, as often as wanted. */
export interface ManifestTable {
  readonly kind: string;
  readonly header: readonly string[];
  readonly notices: readonly string[];
  /** Whether a comma begins the fraction of a number: cells are separated by semicolons. */
  readonly decimalComma?: boolean;
  /** Names of the classes by index, by column, where the format carries them. */
  readonly classNames?: ReadonlyMap<string, readonly string[]>;
  rows(): AsyncIterable<ManifestRow | { readonly problem: AuditProblemRow }>;
  /** Bytes of a picture that the manifest itself holds, by its row's number. */
  embedded?(row: ManifestRow, column: string): (() => Promise<Uint8Array>) | undefined;
  close(): Promise<void>;
}
