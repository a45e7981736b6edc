import { computed } from '@preact/signals';
import type { AuditRecord } from '../../index.ts';
import { place } from './place.ts';
import { records, report } from './report.ts';

/** Pictures of the set in the address (`finding:2`, `cluster:…`); undefined when there is none. */
export const set = computed<{ title: string; ids: ReadonlySet<string> } | undefined>(() => {
  const [kind, ...rest] = place.value.set.split(':');
  const name = rest.join(':');
  if (kind === 'finding') {
    const finding = report.findings[Number(name)];
    return finding && { title: finding.title, ids: new Set(finding.ids) };
  }
  if (kind === 'cluster') {
    const cluster = report.clusters.find((one) => one.name === name);
    return cluster && { title: `Cluster ${name}`, ids: new Set(cluster.ids) };
  }
  return undefined;
});

/** The pictures that filter and set leave. */
export const selected = computed<readonly AuditRecord[]>(() => {
  const ids = set.value?.ids;
  const text = place.value.q.toLowerCase();
  if (!ids && !text) return records;
  return records.filter((record) => (!ids || ids.has(record.id)) && (!text || record.id.toLowerCase().includes(text)));
});
