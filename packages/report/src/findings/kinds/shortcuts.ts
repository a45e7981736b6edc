import type { Finding } from '../../finding.ts';
import { type Context, percent, pText } from '../context.ts';
import { byEdge } from '../shortcut/edge-decides.ts';
import { byFrame } from '../shortcut/frame-decides.ts';
import { byTarget, looksOf } from '../shortcut/look.ts';
import { markOfClass } from '../shortcut/mark-of-class.ts';
import { movingMark } from '../shortcut/moving-mark.ts';
import { bySurroundings, outsideObject, surroundingsAdd } from '../shortcut/outside-object.ts';
import { sameColour } from '../shortcut/same-colour.ts';
import { samePlace } from '../shortcut/same-place.ts';
import type { Suspect, Test } from '../shortcut/suspect.ts';
import { tinted } from '../shortcut/tint.ts';
import { tintOfClass } from '../shortcut/tint-of-class.ts';
import { traitOfClass } from '../shortcut/trait-of-class.ts';
import { withoutObject } from '../shortcut/without-object.ts';
import { benjaminiHochberg } from '../statistics/benjamini-hochberg.ts';

/** Expected share of false ones among what is reported. */
const LEVEL = 0.01;

/** What lies over the whole picture has another cure than a thing in it. */
const WHOLE: readonly Suspect['by'][] = ['tint', 'light', 'grain'];

/**
 * `shortcut`: a model that decides by a watermark, a ruler, a frame, a corner tag, the background, a colour cast, and not by the object.
 *
 * A map alone accuses nobody: what it points at is covered, and the decision must fall. What is the object is told by the masks where the data
 * set has them ({@link outsideObject}, {@link bySurroundings}, {@link surroundingsAdd}, {@link withoutObject}), and by what distinguishes shortcuts from objects
 * ({@link samePlace}; without masks
 * {@link sameColour}, {@link movingMark}, {@link tinted}, {@link tintOfClass}, {@link traitOfClass}), or by where it lies ({@link byEdge}, {@link byFrame}, {@link markOfClass}). Every test
 * of every method and class counts in one correction after Benjamini and Hochberg, q ≤ 0.01.
 * `high` where at least a tenth of the class's decisions are of that kind and the thing goes with the label or the score, else `medium`.
 * Of several accusations of one class that share half of their pictures the strongest is told.
 */
export function shortcuts(context: Context): Finding[] {
  const { run } = context;
  const tests = run.methods.flatMap(({ name }) => testsOf(context, name).map((test) => ({ ...test, method: name })));
  const adjusted = benjaminiHochberg(tests.map(({ p }) => p));
  const found = tests
    .flatMap(({ suspect, method, p }, i) =>
      suspect && adjusted[i]! <= LEVEL ? [{ suspect, method, p, q: adjusted[i]! }] : [],
    )
    .sort(
      (a, b) =>
        Number(b.suspect.strong) - Number(a.suspect.strong) ||
        b.suspect.looks.length - a.suspect.looks.length ||
        a.p - b.p,
    );
  const told: typeof found = [];
  for (const one of found) {
    const known = told.some(
      ({ suspect }) => suspect.target === one.suspect.target && shared(suspect, one.suspect) >= 0.5,
    );
    if (!known) told.push(one);
  }
  return told.map(({ suspect, method, p, q }) => findingOf(context, suspect, method, p, q));
}

function testsOf(context: Context, method: string): Test[] {
  const { run } = context;
  const all = looksOf(context, method);
  const classes = byTarget(all);
  const negative = run.task === 'binary' ? 1 - (run.positive ?? 1) : undefined;
  return [
    ...bySurroundings(classes, negative),
    ...[...classes].flatMap(([target, looks]) => {
      const masked = looks.filter(({ record }) => record.masked).length >= 0.5 * looks.length;
      return [
        ...outsideObject(target, looks),
        ...surroundingsAdd(target, looks, all, negative),
        ...withoutObject(target, looks, all),
        ...samePlace(context, method, target, looks, all),
        ...(masked
          ? []
          : [
              ...sameColour(context, target, looks, all),
              ...movingMark(context, target, looks, all),
              ...byEdge(context, target, looks, all),
              ...byFrame(target, looks, all),
              ...markOfClass(target, looks, all),
            ]),
        ...tinted(context, target, looks, all),
        ...tintOfClass(context, target, looks),
        ...traitOfClass(context, target, looks, all),
      ];
    }),
  ];
}

/** Share of the smaller one's pictures that the other one has too. */
function shared(a: Suspect, b: Suspect): number {
  const ids = new Set(a.looks.map(({ record }) => record.id));
  const both = b.looks.filter(({ record }) => ids.has(record.id)).length;
  return both / Math.min(a.looks.length, b.looks.length);
}

function findingOf(context: Context, suspect: Suspect, method: string, p: number, q: number): Finding {
  const name = context.nameOf(suspect.target);
  const ids = suspect.looks.map(({ record }) => record.id);
  const own = new Set(ids);
  const cluster = context.clusters
    .filter((candidate) => candidate.method === method && candidate.target === suspect.target)
    .map((candidate) => ({ candidate, held: candidate.ids.filter((id) => own.has(id)).length }))
    .filter(({ candidate, held }) => held >= 0.5 * candidate.ids.length)
    .sort((a, b) => b.held - a.held)[0]?.candidate;
  return {
    kind: 'shortcut',
    title: `“${name}” is decided by ${suspect.what}, in ${ids.length} of ${suspect.of} pictures (${percent(ids.length / suspect.of)})`,
    severity: suspect.strong ? 'high' : 'medium',
    evidence: [
      ...suspect.evidence,
      WHOLE.includes(suspect.by)
        ? 'Look whether the pictures of this class were taken, scaled or saved in a way of their own. If that should not decide, the model will fail where they are not: train with pictures that are made alike, or varied in it, and audit again.'
        : 'Look at these pictures for what they share, such as a ruler, a mark or a frame. If that should not decide, the model will fail where it is missing: train without it (crop, cover, balance) and audit again.',
      `Statistics: ${pText(p)}; corrected for all that was tried (Benjamini and Hochberg) q = ${Number(q.toPrecision(2))}.`,
    ].join(' '),
    figures: { ...suspect.figures, p, q },
    ids,
    ...(cluster && { cluster: cluster.name }),
    method,
  };
}
