import type { AuditRecord, AuditRun, Finding, MapCluster } from '@seewhy/report';
import { toBase64 } from '../../src/base64.ts';
import { decodeGrid } from '../../src/map-statistics/map-grid.ts';
import { HOSTILE_IDS } from './hostile-ids.ts';

/** Maps on the ruler and maps elsewhere, class by class. */
export function clustersOf(
  records: readonly AuditRecord[],
  method: string | undefined,
  onRuler: readonly boolean[],
  classes: number,
): MapCluster[] {
  const clusters: MapCluster[] = [];
  if (method === undefined) return clusters;
  for (let target = 0; target < classes; target++)
    for (const ruler of [false, true]) {
      const members = records.filter((record, i) => record.maps?.[method]?.target === target && onRuler[i] === ruler);
      if (members.length < 2) continue;
      const sum = new Float64Array(256);
      for (const member of members)
        for (const [i, value] of decodeGrid(member.maps![method]!.grid).entries()) sum[i]! += value;
      const largest = Math.max(...sum);
      const counts = new Map<number, number>();
      for (const { label } of members) counts.set(label?.[0] ?? -1, (counts.get(label?.[0] ?? -1) ?? 0) + 1);
      clusters.push({
        name: `${method}/${target}/${ruler ? 2 : 1}`,
        method,
        target,
        ids: members.map(({ id }) => id),
        mean: toBase64(Uint8Array.from(sum, (value) => Math.round((255 * value) / largest))),
        labels: [...counts].sort((a, b) => b[1] - a[1]),
        where: ruler ? '71 % of the mass lies on the left border' : '64 % of the mass lies in the middle',
        eigengap: ruler ? 0.42 : 0.31,
      });
    }
  return clusters;
}

/** A finding of each severity. */
export function findingsOf(
  records: readonly AuditRecord[],
  run: AuditRun,
  clusters: readonly MapCluster[],
  hostile: boolean,
): Finding[] {
  const ruler = records.filter(({ columns }) => columns.ruler === true);
  const wrong = records.filter(({ label, scores }) => label && !label.includes(scores[0]![0]));
  const sure = [...wrong].sort((a, b) => b.scores[0]![1] - a.scores[0]![1]);
  const method = run.methods[0]?.name;
  return [
    {
      kind: 'shortcut',
      title: `In ${ruler.length} pictures the model decides by something at the left border, not by the object.`,
      severity: 'high',
      evidence:
        'Blurring the strongest parts of these maps, which lie outside the mask, lowers the probability by 0.55 on average; blurring as large a part elsewhere by 0.04 (paired sign test). Look at what these pictures share there; crop it away or balance it over the classes, then train again.',
      figures: { n: ruler.length, drop: 0.551, control: 0.04, p: 0.0000031 },
      ids: ruler.slice(0, 40).map(({ id }) => id),
      filter: 'ruler:true',
      ...(clusters[1] ? { cluster: clusters[1].name } : {}),
      method,
    },
    {
      kind: 'confident-errors',
      title: `${Math.min(12, sure.length)} errors are made with great confidence: check their labels.`,
      severity: 'medium',
      evidence: 'The model gives these pictures a probability above 0.9 for a class the label does not name.',
      figures: { n: Math.min(12, sure.length), least: 0.9 },
      ids: sure.slice(0, 12).map(({ id }) => id),
      method,
    },
    {
      kind: 'worse-subset',
      title: hostile
        ? `${HOSTILE_IDS[1]} is worse`
        : 'Pictures with site = face have a lower sensitivity than the rest.',
      severity: 'low',
      evidence: 'Sensitivity 0.71 against 0.89; Fisher’s exact test, corrected for 14 comparisons (Holm).',
      figures: { n: 31, p: 0.031, difference: -0.18 },
      ids: records
        .filter((_, i) => i % 3 === 2)
        .slice(0, 20)
        .map(({ id }) => id),
      filter: 'site:face',
    },
  ];
}
