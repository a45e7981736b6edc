import type { ExplainedPicture } from '../explained-picture.ts';

/** What a training is explained with, for a record's head. */
export interface RunFacts {
  readonly methods: readonly string[];
  /** As asked for. */
  readonly targets: readonly string[];
  /** Empty where no method needs one. */
  readonly layers: readonly string[];
  readonly pictures: readonly string[];
  readonly classes: number;
  readonly runtime: string;
  /** What was chosen automatically, in sentences. */
  readonly notes: readonly string[];
}

/** Where explained pictures go. */
export interface Sink {
  /**
   * Takes all pictures of a step.
   * @param facts the same at every step
   */
  write(step: number, pictures: readonly ExplainedPicture[], facts: RunFacts): Promise<void>;
  /**
   * A run was killed while it wrote these tags of this step, which are written again next: what is there of them already is replaced or left
   * out, so that all is there once.
   */
  again?(step: number, tags: ReadonlySet<string>): Promise<void>;
  /** The training is over. */
  close?(): Promise<void>;
}

/** A sink, or a function that is called with each picture. */
export type SinkLike = Sink | ((picture: ExplainedPicture) => unknown);

export function asSink(sink: SinkLike): Sink {
  if (typeof sink !== 'function') return sink;
  return {
    write: async (_, pictures) => {
      for (const picture of pictures) await sink(picture);
    },
  };
}
