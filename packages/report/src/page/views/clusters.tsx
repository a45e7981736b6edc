import type { MapCluster } from '../../index.ts';
import { count, figure, percent } from '../draw/text.ts';
import { Gallery } from '../parts/gallery.tsx';
import { GridMap } from '../parts/grid-map.tsx';
import { Name } from '../parts/name.tsx';
import { follow } from '../state/place.ts';
import { recordOf, report, run } from '../state/report.ts';
import { filterFor } from '../state/selection.ts';

/** Kinds of heatmaps that the model makes for one class: a watermark or a ruler shows as a kind of its own. */
export function Clusters() {
  const parts = new Map<string, MapCluster[]>();
  for (const cluster of report.clusters) {
    const key = `${cluster.method}\n${cluster.target}`;
    parts.set(key, [...(parts.get(key) ?? []), cluster]);
  }
  return (
    <section>
      <h1>Clusters of heatmaps</h1>
      <p class="lead">
        Pictures predicted as one class whose maps look alike. A cluster far from the object, or with a label mix of its
        own, shows another reason for the same answer.
      </p>
      {report.clusters.length === 0 && (
        <p>There are no clusters: too few pictures were explained, or their maps are all alike.</p>
      )}
      {[...parts.values()].map((clusters) => {
        const { method, target } = clusters[0]!;
        const title = run.methods.find(({ name }) => name === method)?.title ?? method;
        return (
          <section key={`${method} ${target}`}>
            <h2 class="part-title">
              Maps for <Name text={run.classes[target] ?? String(target)} /> <span class="quiet">{title}</span>
            </h2>
            <ul class="cluster-list">
              {[...clusters]
                .sort((a, b) => b.ids.length - a.ids.length)
                .map((cluster) => (
                  <ClusterCard key={cluster.name} cluster={cluster} />
                ))}
            </ul>
          </section>
        );
      })}
    </section>
  );
}

function ClusterCard({ cluster }: { cluster: MapCluster }) {
  const { ids, labels, name } = cluster;
  const total = labels.reduce((sum, [, n]) => sum + n, 0);
  return (
    <li class="card cluster">
      <div class="cluster-mean">
        <GridMap grid={cluster.mean} alt={`Mean map: ${cluster.where}.`} />
      </div>
      <div class="cluster-facts">
        <h3>
          {count(ids.length, 'picture')}{' '}
          <span class="quiet">
            <Name text={name} most={60} />
          </span>
        </h3>
        <p>
          <Name text={cluster.where.replace(/^./, (first) => first.toUpperCase())} most={300} />.
        </p>
        <p class="unseen">
          Labels: {labels.map(([label, n]) => `${label < 0 ? 'none' : (run.classes[label] ?? label)} ${n}`).join(', ')}
        </p>
        <div class="mix" aria-hidden="true">
          {labels.map(([label, n]) => (
            <span key={label} class={label === cluster.target ? 'mix-own' : 'mix-other'} style={{ flexGrow: n }} />
          ))}
        </div>
        <ul class="mix-names" aria-hidden="true">
          {labels.slice(0, 5).map(([label, n]) => (
            <li key={label}>
              <Name text={label < 0 ? 'no label' : (run.classes[label] ?? String(label))} most={30} />{' '}
              {percent(n / total)}
            </li>
          ))}
        </ul>
        <p class="small quiet">How clearly the clusters fall apart: {figure(cluster.eigengap, 2)}</p>
        <a {...follow({ view: 'pictures', q: filterFor('cluster', name), method: cluster.method })}>
          Open its pictures<span class="unseen"> of cluster {name.slice(0, 60)}</span>
        </a>
      </div>
      <div class="cluster-gallery">
        <Gallery
          records={ids.flatMap((id) => recordOf(id) ?? []).slice(0, 12)}
          label={`Pictures of cluster ${name.slice(0, 60)}`}
          tile={96}
          rows={2}
        />
      </div>
    </li>
  );
}
