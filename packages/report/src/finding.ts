/** How much a remark matters. */
export type Severity = 'high' | 'medium' | 'low';

/** One remark of a careful reviewer. */
export interface Finding {
  /** Stable name of the kind: `confident-errors`, `look-alike-errors`, `worse-subset`, `map-off-object`, `shortcut` … */
  readonly kind: string;
  /** One sentence for people, with the figure that matters. */
  readonly title: string;
  readonly severity: Severity;
  /** What was measured, with what test, and what to do: sentences. */
  readonly evidence: string;
  /** The figures of the evidence by name: `{ n: 41, p: 0.0003, drop: 0.42 }`. */
  readonly figures: Readonly<Record<string, number>>;
  /** Pictures it is about, the clearest first. */
  readonly ids: readonly string[];
  /** How many more there are: of very many only the clearest 10,000 are listed. */
  readonly more?: number;
  /** Filter of the report that shows them, where one can say it. */
  readonly filter?: string;
  /** Cluster of heatmaps it is about: its name. */
  readonly cluster?: string;
  /** Method whose maps it is about. */
  readonly method?: string;
}

/** Pictures of one class (predicted) whose maps look alike. */
export interface MapCluster {
  /** Unique: `gradcam/malignant/2`. */
  readonly name: string;
  readonly method: string;
  /** Class the maps speak for. */
  readonly target: number;
  readonly ids: readonly string[];
  /** Mean of the members' grids: 16 × 16, 0..255 of its largest, base64. */
  readonly mean: string;
  /** How many members have each label: `[class, count]`; −1: no label. */
  readonly labels: readonly (readonly [label: number, count: number])[];
  /** Where the mass of the mean map lies, for people. */
  readonly where: string;
  /** Gap in the spectrum that chose the number of clusters, 0..1: how clearly they fall apart. */
  readonly eigengap: number;
}
