import type { AuditRecord } from '../../index.ts';
import { figure } from '../draw/text.ts';
import { FLIPS, kindOfSecond, pairOf } from '../state/comparison.ts';
import { type Kind, kindOf, targetScore } from '../state/decisions.ts';
import { Mark } from './marks.tsx';
import { Name } from './name.tsx';
import { Thumb } from './tile.tsx';

/** One picture with the map of each run. */
export function PairThumb({ record }: { record: AuditRecord }) {
  const pair = pairOf(record.id);
  return (
    <span class="pair-thumb">
      <Thumb record={record} side="a" />
      {pair && <Thumb record={{ ...pair.b, id: record.id }} side="b" />}
    </span>
  );
}

export function PairCaption({ record }: { record: AuditRecord }) {
  const pair = pairOf(record.id);
  if (!pair) return null;
  const half = (kind: Kind, scored: AuditRecord) => (
    <span class="caption-line">
      <Mark kind={kind} quiet />
      <span class={`kind kind-${kind}`}>{kind === 'none' ? 'no label' : kind}</span>
      <span class="score">{figure(targetScore(scored) ?? scored.scores[0]?.[1] ?? Number.NaN, 2)}</span>
    </span>
  );
  return (
    <span class="caption">
      <span class="pair-caption">
        {half(kindOf(record), pair.a)}
        {half(kindOfSecond(pair), pair.b)}
      </span>
      <span class="caption-line caption-id">
        <Name text={record.id} most={48} />
        <span class="score">{pair.flip ? FLIPS[pair.flip] : ''}</span>
      </span>
    </span>
  );
}
