import type { AuditRecord } from '../audit-record.ts';
import type { AuditRun } from '../audit-run.ts';
import type { Finding, MapCluster } from '../finding.ts';

/** What a filter may speak of: made once for an audit by {@link filterContext}. */
export interface FilterContext {
  readonly run: Pick<AuditRun, 'task' | 'classes' | 'threshold' | 'methods'> & { readonly positive?: number };
  /** The data set's further columns, each with its different values (at most 200, most frequent first). */
  readonly columns: ReadonlyMap<string, readonly string[]>;
  readonly groups: readonly string[];
  readonly splits: readonly string[];
  readonly clusters: readonly MapCluster[];
  readonly findings: readonly Finding[];
}

/** What changes while people look: the threshold, and what the reviewer wrote. */
export interface FilterView {
  readonly threshold: number;
  readonly flagged?: { has(id: string): boolean };
  readonly notes?: { get(id: string): string | undefined };
}

/** Values of a column that are offered, and that are counted at most. */
const MOST = 200;
const KEPT = 5000;

/** Values of columns, groups and splits, with everything else a filter may ask for. */
export function filterContext(
  run: FilterContext['run'],
  records: readonly AuditRecord[],
  findings: readonly Finding[] = [],
  clusters: readonly MapCluster[] = [],
): FilterContext {
  const columns = new Map<string, Map<string, number>>();
  const groups = new Map<string, number>();
  const splits = new Map<string, number>();
  const count = (counts: Map<string, number>, value: string) => counts.set(value, (counts.get(value) ?? 0) + 1);
  for (const record of records) {
    if (record.group !== undefined) count(groups, record.group);
    if (record.split !== undefined) count(splits, record.split);
    for (const [name, value] of Object.entries(record.columns)) {
      const counts = columns.get(name) ?? new Map<string, number>();
      columns.set(name, counts);
      // A column in which every value differs (a date, a comment) is no list to choose from: it need not be kept whole.
      const text = String(value);
      if (counts.size < KEPT || counts.has(text)) count(counts, text);
    }
  }
  const listed = (counts: Map<string, number>, most: number) =>
    [...counts]
      .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
      .slice(0, most)
      .map(([value]) => value);
  return {
    run,
    columns: new Map([...columns].map(([name, counts]) => [name, listed(counts, MOST)])),
    groups: listed(groups, Number.POSITIVE_INFINITY),
    splits: listed(splits, Number.POSITIVE_INFINITY),
    clusters,
    findings,
  };
}
