import type { PixelWindow } from '../picture/window.ts';

/** Roles that a column of a manifest may have. */
export type ColumnRole = 'path' | 'label' | 'group' | 'split' | 'mask' | 'box';

export interface DatasetOptions {
  /** Folder that the paths of a manifest start from, and that links and absolute paths may lead to (default: the manifest's own). */
  readonly imageRoot?: string;
  /** Column of a manifest that holds the id (default: `id`, `image_id` … where there is one, else the path without its ending). */
  readonly id?: string;
  /**
   * Column by role, where their names do not tell. `label` may name several, joined by commas, with `*` for any run of characters:
   * one column a class, true where the picture is of that class. `box` may name four: `xmin,ymin,xmax,ymax` or `x,y,width,height`.
   * `mask: 'alpha'` takes the picture's own transparency.
   */
  readonly columns?: Readonly<Partial<Record<ColumnRole, string>>>;
  /** What separates the cells of a `.csv` manifest (default: found). */
  readonly delimiter?: string;
  /** Names of the model's classes, where they are known: in a manifest without a column of labels, columns of all these names are one column a class. */
  readonly classes?: readonly string[];
}

/** A region of a picture: where it is, and of what. */
export type MaskRegion = { readonly label?: string } & (
  | { readonly box: readonly [x: number, y: number, width: number, height: number] }
  /** Corners `x y x y …`; a pixel is inside where a ray from its centre crosses the outline an odd number of times. */
  | { readonly polygon: readonly number[] }
  /** COCO's run lengths, column by column, beginning with a run outside. */
  | { readonly runs: readonly number[] | string; readonly size: readonly [height: number, width: number] }
);

/** A file of a mask, and what it shows where the data set tells. */
export interface MaskFile {
  readonly label?: string;
  readonly path: string;
  read(): Promise<Uint8Array>;
}

/** Where the object lies, not read yet. */
export type MaskSource =
  | { readonly kind: 'file'; readonly path: string; readonly ignore?: 'voc'; read(): Promise<Uint8Array> }
  /** Several files: what is inside any of them. */
  | { readonly kind: 'files'; readonly files: readonly MaskFile[] }
  | { readonly kind: 'alpha' }
  | {
      readonly kind: 'regions';
      readonly regions: readonly MaskRegion[];
      /** Size of the picture that the regions were drawn on, where the data set tells; `shares`: their places are shares of its sides. */
      readonly size?: readonly [width: number, height: number] | 'shares';
    };

/** One picture of a data set, not read yet. */
export interface DatasetRow {
  /** Unique in the data set. Text of strangers: may hold anything. */
  readonly id: string;
  /** As the data set writes it. */
  readonly path: string;
  /** Names or numbers as written; an empty list: labelled, and of no class; undefined: not labelled. */
  readonly labels?: readonly string[];
  /** Several rows of the data set name this picture, without boxes and with different labels: `labels` are those of all. */
  readonly contradictory?: true;
  readonly group?: string;
  readonly split?: string;
  readonly columns: Readonly<Record<string, string | number | boolean>>;
  /** Frame of a file that holds several, from 0. */
  readonly frame?: number;
  readonly mask?: MaskSource;
  /** Row of the manifest, from 1 without the header; of text files the line it begins on. */
  readonly line?: number;
  /** Reads the bytes of the picture's file. @throws SeewhyError `PICTURE_MISSING`, `PATH_OUTSIDE` … */
  read(): Promise<Uint8Array>;
}

/** One thing that is wrong with one row; the rest goes on. */
export interface AuditProblemRow {
  readonly code: string;
  /** Id, path or line. */
  readonly where: string;
  readonly what: string;
}

export type DatasetItem = DatasetRow | { readonly problem: AuditProblemRow };

export interface Dataset {
  /** `folders`, `csv`, `jsonl`, `parquet`, `coco`, `voc`, `yolo`, `dicom`, or one of these after `zip/`. */
  readonly kind: string;
  readonly path: string;
  /** Which column was taken for what. */
  readonly columns: Readonly<Record<string, string>>;
  /** What was chosen or left out, in sentences; complete when the rows have been walked. */
  readonly notices: readonly string[];
  /** Other columns of a manifest whose names say that they hold labels. */
  readonly otherLabels?: readonly string[];
  /** Classes in the data set's own order, where it lists them. */
  readonly classes?: readonly string[];
  /** Rows in the data set's order, from the beginning at each call; one at a time, so that a million fit. Bad ones are problems. */
  rows(): AsyncIterable<DatasetItem>;
  /** Of the manifest; of a folder, of the sorted list of its files and sizes. */
  sha256(): Promise<string>;
  close(): Promise<void>;
}

/** How the pixels of a row are read. */
export interface RowDecodeOptions {
  /** Most pixels a picture may have (default 100 million). */
  readonly maxPixels?: number | undefined;
  /** How values of more than 8 bits become 0..255. */
  readonly window?: PixelWindow | undefined;
  /** Only regions and files of these labels (default: all); what has no label is always taken. */
  readonly maskLabels?: readonly string[];
}
