/**
 * What is appended to the page: elements the browser does not run or show, each with base64 inside (which cannot hold `<`), in this order.
 *
 *   data … data-end   the report's data: lines of JSON, deflated as one stream, cut into pieces
 *   parts             pictures, maps and masks: base64 of the deflated index, a full stop, base64 of the bytes
 *   end               base64 of the deflated totals: a file without it was cut off
 *
 * `<script>` of a type that is no script: the parser keeps its text in one piece and looks at nothing inside but `</script`.
 * A piece stays small, because the parser copies an element's text whenever more of it arrives.
 */
export type BlockKind = 'data' | 'data-end' | 'parts' | 'end';

export const BLOCK_ATTRIBUTE = 'data-seewhy';
export const BLOCK_TYPE = 'application/octet-stream';

export const openBlock = (kind: BlockKind) => `<script type="${BLOCK_TYPE}" ${BLOCK_ATTRIBUTE}="${kind}">`;
export const CLOSE_BLOCK = '</script>\n';

export type PartKind = 'picture' | 'map' | 'mask';

/** One line of a block's index. `at` and `size` count bytes of the block; `at` is a multiple of three, so that base64 can be cut there. */
export interface PartEntry {
  readonly kind: PartKind;
  readonly id: string;
  /** Maps only. */
  readonly method?: string;
  /** Which of two runs it belongs to, in a comparison. */
  readonly side?: 'a' | 'b';
  /** Pictures: the media type. */
  readonly type?: string;
  /** Maps and masks. */
  readonly width?: number;
  readonly height?: number;
  readonly at: number;
  readonly size: number;
}

export type PartCounts = Readonly<Record<PartKind, number>>;

/** What the last block says. */
export interface ReportTotals {
  /** Parts in the file, and parts that did not fit in `maxBytes`. */
  readonly written: PartCounts;
  readonly omitted: PartCounts;
  readonly maxBytes?: number;
}
