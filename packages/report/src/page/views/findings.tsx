import { useState } from 'preact/hooks';
import type { Finding } from '../../index.ts';
import { headlineOf } from '../../metrics/headline.ts';
import { count, figure, percent, short, thresholdText } from '../draw/text.ts';
import { Gallery } from '../parts/gallery.tsx';
import { GridMap } from '../parts/grid-map.tsx';
import { Name } from '../parts/name.tsx';
import { follow, linkTo } from '../state/place.ts';
import { recordOf, records, report, run } from '../state/report.ts';
import { filterFor } from '../state/selection.ts';

const SEVERITIES = { high: 'High', medium: 'Medium', low: 'Low' } as const;
const ORDER = { high: 0, medium: 1, low: 2 } as const;

const TASKS = {
  binary: 'two classes',
  multiclass: 'one of several classes',
  multilabel: 'several classes at once',
} as const;

/** The first page: what a careful reviewer would write down, and what was audited. */
export function Findings() {
  const ordered = report.findings
    .map((finding, index) => ({ finding, index }))
    .sort((a, b) => ORDER[a.finding.severity] - ORDER[b.finding.severity] || a.index - b.index);
  return (
    <div class="front">
      <section class="front-main">
        <h1>Findings</h1>
        <p class="lead">
          {ordered.length === 0
            ? 'Nothing stood out in this audit: no confident errors, no shortcut, no group that fares worse.'
            : `${count(ordered.length, 'remark')} on ${count(run.counts.predicted, 'picture')}, the most serious first.`}
        </p>
        <ol class="findings">
          {ordered.map(({ finding, index }) => (
            <FindingCard key={index} finding={finding} index={index} />
          ))}
        </ol>
      </section>
      <Overview />
    </div>
  );
}

/** The name of a figure as people write it: `insideMass` as `inside mass`. */
const words = (name: string) => name.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

function FindingCard({ finding, index }: { finding: Finding; index: number }) {
  const pictures = finding.ids.flatMap((id) => recordOf(id) ?? []);
  const [all, setAll] = useState(false);
  const q = finding.filter ?? filterFor('finding', String(index + 1));
  // What speaks of all pictures at once names none.
  const leads = finding.filter !== undefined || finding.ids.length > 0;
  const { more = 0 } = finding;
  const cluster =
    finding.cluster === undefined ? undefined : report.clusters.find(({ name }) => name === finding.cluster);
  return (
    <li class={`card finding finding-${finding.severity}`} id={`finding-${index + 1}`}>
      <div class="finding-head">
        <span class={`severity severity-${finding.severity}`}>
          <span aria-hidden="true">
            {finding.severity === 'high' ? '▲▲▲' : finding.severity === 'medium' ? '▲▲' : '▲'}
          </span>{' '}
          {SEVERITIES[finding.severity]}
        </span>
        <span class="quiet">{finding.kind.replaceAll('-', ' ')}</span>
      </div>
      <h2>
        <Name text={finding.title} most={400} />
      </h2>
      <p class="evidence">
        <Name text={finding.evidence} most={2000} />
      </p>
      <div class="finding-pictures">
        {cluster && (
          <figure class="finding-cluster">
            <GridMap grid={cluster.mean} />
            <figcaption class="small quiet">Mean of {cluster.ids.length} maps</figcaption>
          </figure>
        )}
        {pictures.length > 0 && (
          <div class="finding-gallery">
            <Gallery
              records={pictures}
              label={`Pictures of finding ${index + 1}`}
              tile={104}
              {...(all ? { height: 420 } : { rows: 1 })}
            />
          </div>
        )}
      </div>
      {more > 0 && (
        <p class="small finding-more">
          The clearest {pictures.length.toLocaleString('en')} of {(pictures.length + more).toLocaleString('en')}{' '}
          pictures are listed here
          {finding.filter === undefined
            ? `; the other ${more.toLocaleString('en')} are counted in the figures, not listed.`
            : '; its filter finds all of them.'}
        </p>
      )}
      {Object.keys(finding.figures).length > 0 && (
        <dl class="chips">
          {Object.entries(finding.figures).map(([name, value]) => (
            <div key={name}>
              <dt>
                <Name text={words(name)} most={40} />
              </dt>
              <dd>{short(value)}</dd>
            </div>
          ))}
        </dl>
      )}
      <div class="toolbar finding-links">
        {pictures.length > 6 && (
          <button type="button" class="quiet-button" onClick={() => setAll(!all)}>
            {all ? 'Fewer pictures' : `Show all ${pictures.length.toLocaleString('en')} here`}
          </button>
        )}
        {leads ? (
          <a {...follow({ view: 'pictures', q, ...(finding.method ? { method: finding.method } : {}) })}>
            Open in Pictures<span class="unseen">: finding {index + 1}</span>
          </a>
        ) : (
          <a {...follow({ view: 'decisions' })}>
            Open the threshold and its curves<span class="unseen">: finding {index + 1}</span>
          </a>
        )}
        {cluster && (
          <a {...follow({ view: 'clusters', q: '' })}>
            See the clusters<span class="unseen">: finding {index + 1}</span>
          </a>
        )}
        {leads && (
          <code class="quiet filter-text">
            <Name text={q} most={120} />
          </code>
        )}
      </div>
    </li>
  );
}

/** How people call the figures of the front page. */
const HEADLINES: Readonly<Record<string, string>> = {
  auc: 'AUC',
  sensitivity: 'Sensitivity',
  specificity: 'Specificity',
  f1: 'F1',
  mcc: 'MCC',
  accuracy: 'Accuracy',
  top_3: 'In the best 3',
  micro_f1: 'Micro F1',
  macro_f1: 'Macro F1',
  macro_auc: 'Macro AUC',
};

let headline: ReturnType<typeof headlineOf> | undefined;

function Overview() {
  headline ??= headlineOf(records, run);
  const methods = run.methods.map(({ title }) => title).join(', ');
  return (
    <aside class="front-side" aria-label="The audit at a glance">
      <section class="card">
        <h2>At a glance</h2>
        <dl class="headline">
          {Object.entries(headline).map(([name, value]) => {
            const title = name === 'accuracy' && run.task === 'multilabel' ? 'Exact match' : HEADLINES[name];
            return (
              <div key={name}>
                <dt>{title}</dt>
                <dd>
                  <strong>{figure(value.value)}</strong>
                  <span class="quiet">
                    {Number.isFinite(value.low)
                      ? `${figure(value.low, 2)} – ${figure(value.high, 2)}`
                      : (value.reason ?? '')}
                  </span>
                </dd>
              </div>
            );
          })}
        </dl>
        <p class="small quiet">
          95 % intervals
          {run.task === 'multiclass' ? '' : `; threshold ${thresholdText(run.threshold)}, as the audit was run`}.
        </p>
      </section>
      <section class="card">
        <h2>The audit</h2>
        <dl class="pairs">
          <dt>Model</dt>
          <dd>
            <Name text={run.model.path} />
          </dd>
          <dt>Data set</dt>
          <dd>
            <Name text={run.dataset.path} /> <span class="quiet">({run.dataset.kind})</span>
          </dd>
          <dt>Task</dt>
          <dd>
            {TASKS[run.task]}
            <span class="quiet"> ({run.classes.length})</span>
          </dd>
          {run.task !== 'multiclass' && (
            <>
              <dt>Threshold</dt>
              <dd>{thresholdText(run.threshold)}</dd>
            </>
          )}
          <dt>Methods</dt>
          <dd>{methods || <span class="quiet">none</span>}</dd>
          <dt>Pictures</dt>
          <dd>
            {run.counts.predicted.toLocaleString('en')} predicted, {run.counts.labelled.toLocaleString('en')} labelled,{' '}
            {run.counts.explained.toLocaleString('en')} explained
            {run.counts.failed > 0 && `, ${run.counts.failed.toLocaleString('en')} failed`}
          </dd>
        </dl>
        <LabelMix />
        <p>
          <a {...follow({ view: 'about' })} href={linkTo({ view: 'about' })}>
            How to reproduce it
          </a>
        </p>
      </section>
      {run.problems.length > 0 && (
        <section class="card">
          <h2>Problems with the data set</h2>
          <ul class="problems">
            {run.problems.map(({ code, count: n, message, examples }) => (
              <li key={code}>
                {!message.includes(String(n)) && <strong>{n.toLocaleString('en')} × </strong>}
                <Name text={message} most={300} />
                <details>
                  <summary class="small">Examples</summary>
                  <ul class="plain small">
                    {examples.map(({ where, what }) => (
                      <li key={where}>
                        <Name text={where} most={120} />: <Name text={what} most={200} />
                      </li>
                    ))}
                  </ul>
                </details>
              </li>
            ))}
          </ul>
        </section>
      )}
    </aside>
  );
}

/** How many pictures have which label. */
function LabelMix() {
  const counts = new Map<number, number>();
  for (const { label } of records) for (const index of label ?? []) counts.set(index, (counts.get(index) ?? 0) + 1);
  const rows = [...counts].sort((a, b) => b[1] - a[1]);
  const most = Math.max(1, ...rows.map(([, n]) => n));
  if (rows.length === 0) return null;
  return (
    <>
      <h3>Labels</h3>
      <ul class="score-bars">
        {rows.slice(0, 8).map(([index, n]) => (
          <li key={index}>
            <span class="score-name">
              <Name text={run.classes[index] ?? String(index)} most={40} />
            </span>
            <span class="score-track">
              <span style={{ width: `${(100 * n) / most}%` }} />
            </span>
            <span class="score-value">{n.toLocaleString('en')}</span>
          </li>
        ))}
      </ul>
      {rows.length > 8 && (
        <p class="small quiet">
          and {rows.length - 8} more classes (
          {percent(rows.slice(8).reduce((sum, [, n]) => sum + n, 0) / records.length)})
        </p>
      )}
    </>
  );
}
