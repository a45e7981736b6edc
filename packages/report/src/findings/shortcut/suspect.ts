import type { Look } from './look.ts';

/** A reason to believe that pictures are decided by something other than their object. */
export interface Suspect {
  /** How it was found: decides the words. */
  readonly by: 'outside' | 'surroundings' | 'place' | 'edge' | 'frame' | 'colour' | 'tint' | 'light' | 'grain';
  readonly target: number;
  /** Pictures it is about, the clearest first. */
  readonly looks: readonly Look[];
  /** Decisions for the class that were looked at. */
  readonly of: number;
  /** Strong enough for a `high`, if the test holds. */
  readonly strong: boolean;
  /** Where it lies or what it looks like, for people: `something in the lower right corner`. */
  readonly what: string;
  /** Further sentences of evidence. */
  readonly evidence: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
}

/** A test that was made, whatever came of it: all of them count in the correction. */
export interface Test {
  /** One-sided. */
  readonly p: number;
  /** What it would mean, where everything else that is asked of such a finding holds. */
  readonly suspect?: Suspect;
}
