/** What is known of one method's map of one picture. All places are shares (0..1) of the picture as the model saw it. */
export interface MapRecord {
  /** Class the map speaks for. */
  readonly target: number;
  /** File below the run's folder: float32 `.npy`, `[H, W]`. */
  readonly file?: string;
  /** Raw values at the two ends of the legend. */
  readonly range: readonly [low: number, high: number];
  /** Entropy of the positive mass over the pixels: 0 (one pixel) to 1 (even). */
  readonly entropy: number;
  /** Shares of the positive mass: upper left, upper right, lower left, lower right. */
  readonly quadrants: readonly [number, number, number, number];
  /** Share of the positive mass on the frame whose width is an eighth of the shorter side. */
  readonly border: number;
  /** Shares of the positive mass in the four corners (squares of a quarter of each side), in the order of `quadrants`. */
  readonly corners: readonly [number, number, number, number];
  /** Centre of the positive mass, and the strongest pixel. */
  readonly centre: readonly [x: number, y: number];
  readonly peak: readonly [x: number, y: number];
  /** Share of the pixels that hold half of the mass. */
  readonly halfMassArea: number;
  /** Nothing positive is in the map; `flat`: it is the same everywhere. */
  readonly empty: boolean;
  readonly flat: boolean;
  readonly warnings: readonly string[];
  /** Against the picture's mask or boxes, where it has them. */
  readonly inside?: {
    /** Share of the positive mass inside. */
    readonly mass: number;
    /** The strongest pixel lies inside (pointing game). */
    readonly pointing: boolean;
    /** Best intersection over union over all cuts of the map, and that cut (0..1 of the map's range). */
    readonly iou: number;
    readonly cut: number;
    /** Share of the picture that the mask covers: what a map without knowledge would score in `mass`. */
    readonly area: number;
  };
  /** The map averaged down to 16 × 16 cells, 0..255 of its largest cell, row by row, base64. Clusters are made of it. */
  readonly grid: string;
  /** The patch the map points at: a square of a quarter of the shorter side around `peak` (moved to lie inside), as 8 × 8 RGB, base64. */
  readonly patch: string;
  /**
   * The test whether the model looks there: probability of `target` for the picture as it is, with the hot cells of `grid` covered (those that
   * hold half of its mass, at most a quarter of the picture), with as large a part elsewhere covered (the same shape where the map is
   * weakest), and, where there is a mask, with only the hot cells outside the object covered; the part elsewhere then has the shape of these,
   * and keeps clear of the object. Pictures: `coveredPictures(picture, grid, mask)`.
   */
  readonly covered?: {
    readonly before: number;
    readonly hot: number;
    readonly cold: number;
    readonly outside?: number;
  };
}

/** One picture of an audit. */
export interface AuditRecord {
  /** Unique in the audit: the data set's own, or the path below its root without the ending. */
  readonly id: string;
  /** As the data set names it. */
  readonly path: string;
  /** Classes of the label; several only for multi-label heads; undefined: the data set does not say. */
  readonly label?: readonly number[];
  /** Probabilities: of all classes where there are at most 50, else of the best five and of the label's, best first. */
  readonly scores: readonly (readonly [index: number, probability: number])[];
  /** Patient, site, device: what belongs together. */
  readonly group?: string;
  readonly split?: string;
  /** Further columns of the data set: filters of the report, and facets of the findings. */
  readonly columns: Readonly<Record<string, string | number | boolean>>;
  /** Size of the picture in pixels. */
  readonly width: number;
  readonly height: number;
  /** Of the picture's bytes. */
  readonly sha256: string;
  /** 64-bit difference hash of the picture, 16 hexadecimal digits: near-duplicates differ in few bits. */
  readonly fingerprint: string;
  /** Mean brightness and mean of R, G, B, 0..255. */
  readonly colour: readonly [brightness: number, red: number, green: number, blue: number];
  /** The picture as the model saw it in 16 × 16 cells of R, G, B and edge strength: `encodeThumb(picture)`. Only the findings need it, the page does not. */
  readonly thumb?: string;
  /**
   * Of explained pictures: probability of `target` (the class of the maps) before and after a change that no method has a say in. Pictures:
   * `probePictures(picture, mask)`, a run of the model each. Covered parts are filled from what lies around them.
   */
  readonly probes?: {
    readonly target: number;
    readonly before: number;
    /** An eighth of each side covered all around. */
    readonly frame?: number;
    /** All but that frame covered. */
    readonly centre?: number;
    /** The quarter of the picture along one side covered. */
    readonly top?: number;
    readonly bottom?: number;
    readonly left?: number;
    readonly right?: number;
    /** All covered: nothing but the mean colour is left. */
    readonly blank?: number;
    /** Colour cast taken out. */
    readonly neutral?: number;
    /** The finest drawing taken out: noise, traces of compression. */
    readonly smooth?: number;
    /** The object of the mask covered; everything but the object covered. */
    readonly object?: number;
    readonly surroundings?: number;
  };
  /** True where the data set gives a mask or boxes. */
  readonly masked: boolean;
  /** Maps by method name; absent where the picture was not explained. */
  readonly maps?: Readonly<Record<string, MapRecord>>;
  /** What was noticed with this picture. */
  readonly notes?: readonly string[];
}
