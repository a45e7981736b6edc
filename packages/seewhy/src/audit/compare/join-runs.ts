import type { AuditRecord } from '@seewhy/report';
import { naturally } from '../panels/order.ts';

export type JoinBy = 'id' | 'sha256';

/** Pictures of two runs that are the same. */
export interface Joined {
  readonly by: JoinBy;
  readonly pairs: readonly { readonly a: AuditRecord; readonly b: AuditRecord }[];
  readonly onlyA: readonly AuditRecord[];
  readonly onlyB: readonly AuditRecord[];
  /** Pictures of A that share their content with another one of A: such are joined one by one in the order of their ids. */
  readonly copies: number;
}

/**
 * Joins the pictures of two runs by id or by content. Without `by` that which joins more of them, by id where both join as many. Neither the
 * order of the runs' records nor that of the runs changes which pictures are joined. Pairs come by the natural order of A's ids.
 */
export function joinRuns(a: readonly AuditRecord[], b: readonly AuditRecord[], by?: JoinBy): Joined {
  if (by) return joinedBy(a, b, by);
  const byId = joinedBy(a, b, 'id');
  // The usual case: every picture of the smaller run is found.
  if (byId.pairs.length === Math.min(a.length, b.length)) return byId;
  const byContent = joinedBy(a, b, 'sha256');
  return byContent.pairs.length > byId.pairs.length ? byContent : byId;
}

function joinedBy(a: readonly AuditRecord[], b: readonly AuditRecord[], by: JoinBy): Joined {
  const key = (record: AuditRecord) => record[by];
  const waiting = new Map<string, AuditRecord[]>();
  for (const record of sorted(b)) {
    if (key(record) === '') continue;
    const list = waiting.get(key(record));
    if (list) list.push(record);
    else waiting.set(key(record), [record]);
  }
  const taken = new Map<string, number>();
  const joined = new Set<AuditRecord>();
  const pairs: { a: AuditRecord; b: AuditRecord }[] = [];
  const onlyA: AuditRecord[] = [];
  let copies = 0;
  const seen = new Set<string>();
  for (const record of sorted(a)) {
    if (key(record) !== '' && seen.has(key(record))) copies++;
    seen.add(key(record));
    const at = taken.get(key(record)) ?? 0;
    const other = waiting.get(key(record))?.[at];
    if (!other) {
      onlyA.push(record);
      continue;
    }
    taken.set(key(record), at + 1);
    joined.add(other);
    pairs.push({ a: record, b: other });
  }
  return { by, pairs, onlyA, onlyB: sorted(b).filter((record) => !joined.has(record)), copies };
}

const sorted = (records: readonly AuditRecord[]) => [...records].sort((x, y) => naturally(x.id, y.id));
