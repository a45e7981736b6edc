import { type AuditRun, type ComparisonData, comparedMetrics, comparedSubsets, isCorrect } from '@seewhy/report';
import { shownName } from '../panels/captions.ts';
import { classIndexes, withIndexes } from './align-classes.ts';
import { compareErrors } from './compare-errors.ts';
import { type JoinBy, joinRuns } from './join-runs.ts';
import { byInterest, type Pair, pairUp, sameLabel } from './pair-up.ts';
import type { ReadRun } from './read-run.ts';

export interface CompareRequest {
  readonly a: ReadRun;
  readonly b: ReadRun;
  /** Default: what joins more pictures. */
  readonly by?: JoinBy | undefined;
  /** One threshold for both (default: each run's own). */
  readonly threshold?: number | undefined;
  /** Of the bootstrap (default: A's). */
  readonly seed?: number | undefined;
}

/** A comparison without what is only known when it is written. */
export type Compared = Omit<ComparisonData, 'pairs' | 'title' | 'command' | 'created' | 'versions'> & {
  /** All of them, flips first. */
  readonly pairs: readonly Pair[];
};

const EXAMPLES = 5;

/**
 * Two finished audits of the same pictures: what became of each, and whether the figures differ by more than chance.
 * @throws SeewhyError `COMPARE_TASKS`, `COMPARE_CLASSES`, `COMPARE_POSITIVE`, `COMPARE_NOTHING_JOINED`
 */
export function compareRuns({ a, b, by, threshold, seed }: CompareRequest): Compared {
  const indexes = classIndexes(a.run, b.run);
  const runs = { a: decider(a.run, a.run, threshold), b: decider(b.run, a.run, threshold) };
  const joined = joinRuns(
    a.records,
    b.records.map((record) => withIndexes(record, indexes)),
    by,
  );
  if (joined.pairs.length === 0)
    throw compareErrors.nothingJoined(
      { folder: a.folder, example: a.records[0]?.id ?? 'none' },
      { folder: b.folder, example: b.records[0]?.id ?? 'none' },
      by === 'id' ? 'id' : by === 'sha256' ? 'content' : 'id or content',
    );
  const pairs = byInterest(joined.pairs.map((pair) => pairUp(pair.a, pair.b, runs)));
  const otherBytes = joined.pairs.filter((pair) => pair.a.sha256 !== pair.b.sha256).length;
  const otherLabel = joined.pairs.filter((pair) => contradicts(pair.a, pair.b)).length;
  const oneLabel = joined.pairs.filter((pair) => (pair.a.label === undefined) !== (pair.b.label === undefined)).length;
  const ends = pairs.map((pair) => [isCorrect(pair.a, runs.a), isCorrect(pair.b, runs.b)] as const);
  const counted = (before: boolean, after: boolean) =>
    ends.filter(([left, right]) => left === before && right === after).length;
  return {
    schema: 'seewhy/audit-comparison/v1',
    runs: { a: { folder: a.folder, run: runs.a }, b: { folder: b.folder, run: runs.b } },
    joined: {
      by: joined.by,
      pictures: pairs.length,
      labelled: pairs.filter((pair) => pair.a.label !== undefined).length,
      onlyA: joined.onlyA.length,
      onlyB: joined.onlyB.length,
      examplesA: joined.onlyA.slice(0, EXAMPLES).map(({ id }) => id),
      examplesB: joined.onlyB.slice(0, EXAMPLES).map(({ id }) => id),
      otherBytes,
      otherLabel,
    },
    flips: {
      toWrong: counted(true, false),
      toRight: counted(false, true),
      bothRight: counted(true, true),
      bothWrong: counted(false, false),
      other: pairs.filter((pair) => pair.flip === 'other').length,
    },
    metrics: comparedMetrics(pairs, runs, seed),
    subsets: comparedSubsets(pairs, runs),
    notices: [
      ...differences(a.run, b.run, runs, threshold),
      ...(joined.by === 'sha256' && by === undefined
        ? [`The ids differ: ${pairs.length} pictures are joined by their content (SHA-256).`]
        : []),
      ...(joined.by === 'sha256' && joined.copies > 0
        ? [
            `${joined.copies} pictures of A are copies of others; copies are joined one by one in the order of their ids.`,
          ]
        : []),
      ...some(joined.onlyA.length, 'is only in A and is not compared', 'are only in A and are not compared'),
      ...some(joined.onlyB.length, 'is only in B and is not compared', 'are only in B and are not compared'),
      ...some(
        otherBytes,
        'has the same id in both runs but other bytes: perhaps it is another picture',
        'have the same id in both runs but other bytes: perhaps they are other pictures',
      ),
      ...some(
        otherLabel,
        'has another label in B than in A and is compared without a label',
        'have other labels in B than in A and are compared without a label',
      ),
      ...some(
        oneLabel,
        'has a label in one run only and is compared without it',
        'have a label in one run only and are compared without it',
      ),
    ],
    pairs,
  };
}

/** A run as it decides in the comparison: with A's class list, and the threshold that is asked for. */
const decider = (run: AuditRun, a: AuditRun, threshold: number | undefined): AuditRun => ({
  ...run,
  classes: a.classes,
  ...(a.positive === undefined ? {} : { positive: a.positive }),
  ...(threshold === undefined ? {} : { threshold }),
});

const contradicts = (a: Pair['a'], b: Pair['a']) => a.label !== undefined && b.label !== undefined && !sameLabel(a, b);

const some = (n: number, one: string, many: string): string[] =>
  n === 0 ? [] : [n === 1 ? `1 picture ${one}.` : `${n.toLocaleString('en')} pictures ${many}.`];

/** What is not the same in both runs beside the model. */
function differences(
  a: AuditRun,
  b: AuditRun,
  runs: { readonly a: AuditRun; readonly b: AuditRun },
  threshold: number | undefined,
): string[] {
  const both = (name: string, x: string, y: string) => (x === y ? [] : [`${name}: A ${x}, B ${y}.`]);
  return [
    ...(a.model.sha256 !== '' && a.model.sha256 === b.model.sha256
      ? ['Both runs are of the same model file: what differs comes from the options or the data.']
      : []),
    ...both('Preprocessing differs', shownName(a.model.preprocess), shownName(b.model.preprocess)),
    ...both('Input size differs', a.model.input.join('×'), b.model.input.join('×')),
    ...(a.dataset.sha256 !== b.dataset.sha256
      ? [
          `The data sets differ: A ${shownName(a.dataset.path)}, B ${shownName(b.dataset.path)}; only pictures in both are compared.`,
        ]
      : []),
    ...(a.task === 'multiclass'
      ? []
      : threshold === undefined
        ? both('Each run decides at its own threshold', String(runs.a.threshold), String(runs.b.threshold))
        : a.threshold !== threshold || b.threshold !== threshold
          ? [`Both decide at the threshold ${threshold}; they were run at ${a.threshold} (A) and ${b.threshold} (B).`]
          : []),
    ...(a.classes.some((name, index) => name !== b.classes[index])
      ? ['The models list the classes in another order; they are compared by name.']
      : []),
    ...both('Maps are of different targets', shownName(a.target), shownName(b.target)),
  ];
}
