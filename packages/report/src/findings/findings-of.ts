import type { AuditRecord } from '../audit-record.ts';
import type { AuditRun } from '../audit-run.ts';
import type { Finding, MapCluster, Severity } from '../finding.ts';
import { contextOf, type FindingKind } from './context.ts';
import { confidentErrors } from './kinds/confident-errors.ts';
import { emptyMaps } from './kinds/empty-maps.ts';
import { fewLabels } from './kinds/few-labels.ts';
import { lookAlikeErrors } from './kinds/look-alike-errors.ts';
import { mapsOffObject } from './kinds/maps-off-object.ts';
import { mapsOnEdge } from './kinds/maps-on-edge.ts';
import { methodsDisagree } from './kinds/methods-disagree.ts';
import { miscalibration } from './kinds/miscalibration.ts';
import { nearDuplicates } from './kinds/near-duplicates.ts';
import { scoreOrder } from './kinds/score-order.ts';
import { shortcuts } from './kinds/shortcuts.ts';
import { splitGroups } from './kinds/split-groups.ts';
import { thresholdFar } from './kinds/threshold-far.ts';
import { worseSubsets } from './kinds/worse-subsets.ts';

/** Every kind, in the order in which a reviewer would tell them. Each file says its test, its correction, its severities, its least numbers. */
const KINDS: readonly FindingKind[] = [
  shortcuts,
  nearDuplicates,
  splitGroups,
  fewLabels,
  scoreOrder,
  worseSubsets,
  confidentErrors,
  lookAlikeErrors,
  miscalibration,
  mapsOffObject,
  mapsOnEdge,
  methodsDisagree,
  emptyMaps,
  thresholdFar,
];

const ORDER: readonly Severity[] = ['high', 'medium', 'low'];

/**
 * What a careful reviewer would write down about an audit; an empty list where there is nothing to say. The gravest first, else in the order
 * of the kinds. Does not depend on the order of the records.
 * @param clusters of the same run and records ({@link clusterMaps})
 * @param between called after each kind: where there are very many records, what it made is free now
 */
export function findingsOf(
  run: AuditRun,
  records: readonly AuditRecord[],
  clusters: readonly MapCluster[],
  between = () => {},
): Finding[] {
  const context = contextOf(run, records, clusters);
  const findings = KINDS.flatMap((kind) => {
    const found = kind(context);
    between();
    return found;
  });
  return findings.sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}
