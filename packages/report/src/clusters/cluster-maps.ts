import { randomStream } from '@seewhy/core';
import type { AuditRecord, MapRecord } from '../audit-record.ts';
import type { AuditRun } from '../audit-run.ts';
import { toBase64 } from '../base64.ts';
import { byId } from '../by-id.ts';
import type { MapCluster } from '../finding.ts';
import { CELLS } from '../map-statistics/grid-parts.ts';
import { decodeGrid, GRID } from '../map-statistics/map-grid.ts';
import { mapRecordOf } from '../map-statistics/map-record-of.ts';
import { whereOf } from '../map-statistics/where-of.ts';
import { predictedOf } from '../metrics/decision.ts';
import { mapFeatures } from './map-features.ts';
import { neighbourAffinity } from './neighbour-affinity.ts';
import { spectralClusters } from './spectral-clusters.ts';

/** Fewer maps of a class than this are not worth a clustering. */
const LEAST = 10;
/** Of more maps of a class so many are clustered, chosen by seed; each other one goes to the cluster of the nearest of them. */
const MOST = 2000;
const MOST_CLUSTERS = 8;

/**
 * Clusters of heatmaps, as SpRAy makes them (S. Lapuschkin et al., "Unmasking Clever Hans predictors and assessing what machines really learn",
 * Nature Communications 10, 2019, doi 10.1038/s41467-019-08987-4): all maps of one method for the pictures predicted as one class, hits and
 * errors together, averaged down to 16 × 16; who is near whom ({@link neighbourAffinity} of {@link mapFeatures}); normalised Laplacian; the
 * largest gap between its eigenvalues says how many clusters; {@link spectralClusters}.
 *
 * Maps with nothing positive, or the same everywhere, are left out; a class with fewer than 10 maps is too. Clusters come largest first. The
 * result depends on the seed and the records, not on their order.
 * @param seed any finite number; `run.seed` in an audit
 */
export function clusterMaps(run: AuditRun, records: readonly AuditRecord[], seed: number): MapCluster[] {
  const sorted = byId(records);
  return run.methods.flatMap(({ name }) =>
    [...mapsByClass(run, sorted, name)].flatMap(([title, maps]) => clustersOf(name, title, maps, seed)),
  );
}

interface Mapped {
  readonly record: AuditRecord;
  readonly map: MapRecord;
}

/** Maps by what was predicted, in the order of the classes; a map that speaks for another class than the predicted one says so. */
function mapsByClass(run: AuditRun, records: readonly AuditRecord[], method: string): Map<string, Mapped[]> {
  const nameOf = (index: number) => run.classes[index] ?? String(index);
  const byClass = new Map<string, Mapped[]>();
  const entries: [number, number, Mapped][] = [];
  for (const record of records) {
    const map = record.maps?.[method];
    if (!map || map.empty || map.flat) continue;
    const predicted = predictedOf(record, run);
    if (predicted === undefined) continue;
    entries.push([map.target, predicted.includes(map.target) ? map.target : (predicted[0] ?? -1), { record, map }]);
  }
  entries.sort((a, b) => a[1] - b[1] || a[0] - b[0]);
  for (const [target, predicted, mapped] of entries) {
    const title =
      predicted === target
        ? nameOf(target)
        : `${nameOf(target)} (predicted ${predicted < 0 ? 'nothing' : nameOf(predicted)})`;
    const held = byClass.get(title);
    if (held) held.push(mapped);
    else byClass.set(title, [mapped]);
  }
  return byClass;
}

function clustersOf(method: string, title: string, maps: readonly Mapped[], seed: number): MapCluster[] {
  if (maps.length < LEAST) return [];
  const random = randomStream(seed, 'clusters', method, title);
  const points = maps.map(({ map }) => mapFeatures(map));
  const sample = maps.length > MOST ? random.subset(maps.length, MOST).sort() : Int32Array.from(maps.keys());
  const sampled = Array.from(sample, (i) => points[i]!);
  const neighbours = Math.max(5, Math.round(Math.log2(sampled.length)));
  const most = Math.max(1, Math.min(MOST_CLUSTERS, Math.floor(maps.length / 5)));
  const { clusters, k, eigengap } = spectralClusters(neighbourAffinity(sampled, neighbours), random, most);

  const members: Mapped[][] = Array.from({ length: k }, () => []);
  const clusterOf = new Map(Array.from(sample, (i, at) => [i, clusters[at]!]));
  for (let i = 0; i < maps.length; i++)
    members[clusterOf.get(i) ?? clusters[nearest(points[i]!, sampled)]!]!.push(maps[i]!);
  return members
    .filter((cluster) => cluster.length > 0)
    .sort((a, b) => b.length - a.length || (a[0]!.record.id < b[0]!.record.id ? -1 : 1))
    .map((cluster, i) => describe(cluster, `${method}/${title}/${i + 1}`, method, eigengap));
}

function describe(cluster: readonly Mapped[], name: string, method: string, eigengap: number): MapCluster {
  const mean = new Float32Array(CELLS);
  const labels = new Map<number, number>();
  for (const { record, map } of cluster) {
    const grid = decodeGrid(map.grid);
    for (let i = 0; i < mean.length; i++) mean[i]! += grid[i]!;
    for (const label of record.label?.length ? record.label : [-1]) labels.set(label, (labels.get(label) ?? 0) + 1);
  }
  const largest = mean.reduce((most, value) => Math.max(most, value), 0);
  return {
    name,
    method,
    target: cluster[0]!.map.target,
    ids: cluster.map(({ record }) => record.id),
    mean: toBase64(Uint8Array.from(mean, (value) => Math.round((255 * value) / largest))),
    labels: [...labels].sort((a, b) => a[0] - b[0]),
    where: whereOf(mapRecordOf({ width: GRID, height: GRID, data: mean })),
    eigengap,
  };
}

function nearest(point: Float32Array, others: readonly Float32Array[]): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < others.length; i++) {
    const other = others[i]!;
    let distance = 0;
    for (let d = 0; d < point.length && distance < least; d++) distance += (point[d]! - other[d]!) ** 2;
    if (distance < least) [best, least] = [i, distance];
  }
  return best;
}
