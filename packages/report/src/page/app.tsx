import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { FilterBox } from './parts/filter-box.tsx';
import { Help } from './parts/help.tsx';
import { Name } from './parts/name.tsx';
import { Viewer } from './parts/viewer.tsx';
import { comparison } from './state/comparison.ts';
import { helps, listenToKeys } from './state/keys.ts';
import { notes } from './state/notes.ts';
import { follow, openId, view } from './state/place.ts';
import { printPage } from './state/printing.ts';
import { records, report, run } from './state/report.ts';
import { setTheme, THEMES, theme } from './state/theme.ts';
import { closePicture } from './state/viewer.ts';
import { About, omissions } from './views/about.tsx';
import { Classes } from './views/classes.tsx';
import { Clusters } from './views/clusters.tsx';
import { Comparison, Pairs } from './views/comparison.tsx';
import { Decisions } from './views/decisions.tsx';
import { Findings } from './views/findings.tsx';
import { Groups } from './views/groups.tsx';
import { Pictures } from './views/pictures.tsx';
import { Review } from './views/review.tsx';

interface View {
  readonly name: string;
  readonly text: string;
  readonly view: ComponentType;
  /** Shown only where the audit has what it needs. */
  readonly when?: () => boolean;
  readonly count?: () => number;
}

const COMPARISON: readonly View[] = [
  { name: 'comparison', text: 'Comparison', view: Comparison },
  { name: 'pictures', text: 'Pictures', view: Pairs },
  { name: 'review', text: 'Review', view: Review, count: () => notes.value.size },
];

const VIEWS: readonly View[] = [
  { name: 'findings', text: 'Findings', view: Findings, count: () => report.findings.length },
  { name: 'decisions', text: 'Threshold', view: Decisions },
  { name: 'classes', text: 'Classes', view: Classes, when: () => run.task !== 'binary' },
  {
    name: 'groups',
    text: 'Groups',
    view: Groups,
    when: () => records.some(({ group }) => group !== undefined),
  },
  { name: 'pictures', text: 'Pictures', view: Pictures },
  { name: 'clusters', text: 'Clusters', view: Clusters, when: () => report.clusters.length > 0 },
  { name: 'review', text: 'Review', view: Review, count: () => notes.value.size },
  { name: 'about', text: 'Reproduction', view: About },
];

function toFilter(): void {
  if (openId.peek() !== '') closePicture();
  const field = document.getElementById('filter') as HTMLInputElement | null;
  field?.focus();
  field?.select();
}

export function App() {
  const views = (comparison ? COMPARISON : VIEWS).filter(({ when }) => when === undefined || when());
  const shown = views.find(({ name }) => name === view.value) ?? views[0]!;
  const View = shown.view;
  useEffect(() => listenToKeys(toFilter), []);
  useEffect(() => {
    window.scrollTo(0, 0);
    // On a phone the list of views is wider than the screen.
    document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [shown.name]);
  const left = omissions();
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to content
      </button>
      <header class="top">
        <div class="top-row">
          <div class="brand">
            <Name text={run.title} most={100} />
          </div>
          <FilterBox />
          <div class="top-tools">
            <label class="field">
              <span class="unseen">Theme</span>
              <select
                value={theme.value}
                onChange={(event) => setTheme(event.currentTarget.value as (typeof THEMES)[number])}
              >
                {THEMES.map((name) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
            <button type="button" class="quiet-button" onClick={() => void printPage()}>
              Print
            </button>
            <button
              type="button"
              class="icon"
              aria-label="Keys and filter language"
              title="Keys (?)"
              onClick={() => (helps.value = true)}
            >
              ?
            </button>
          </div>
        </div>
        <nav aria-label="Views">
          {views.map(({ name, text, count }) => {
            const n = count?.() ?? 0;
            return (
              <a key={name} {...follow({ view: name })} aria-current={name === shown.name ? 'page' : undefined}>
                {text}
                {n > 0 && <span class="nav-count"> {n}</span>}
              </a>
            );
          })}
        </nav>
      </header>
      <main id="main" tabIndex={-1}>
        {run.status !== 'done' && (
          <p class="set-note" role="note">
            ▲ This audit was {run.status === 'running' ? 'still running' : 'interrupted'} when the report was made: it
            holds what was done by then.
          </p>
        )}
        {left.length > 0 && shown.name !== 'about' && (
          <p class="set-note omitted" role="note">
            <Name text={left.join(' ')} most={500} /> <a {...follow({ view: 'about' })}>More</a>
          </p>
        )}
        <View />
      </main>
      <Viewer />
      <Help />
    </>
  );
}
