import type { ComponentType } from 'preact';
import { Name } from './parts/name.tsx';
import { Viewer } from './parts/viewer.tsx';
import { follow, view } from './state/place.ts';
import { run } from './state/report.ts';
import { Decisions } from './views/decisions.tsx';
import { Pictures } from './views/pictures.tsx';

const VIEWS: readonly { name: string; text: string; view: ComponentType; when?: () => boolean }[] = [
  { name: 'decisions', text: 'Threshold', view: Decisions },
  { name: 'pictures', text: 'Pictures', view: Pictures },
];

export function App() {
  const shown = VIEWS.find(({ name }) => name === view.value) ?? VIEWS[0]!;
  const View = shown.view;
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to content
      </button>
      <header class="top">
        <div class="brand">
          <Name text={run.title} most={100} />
        </div>
        <nav aria-label="Views">
          {VIEWS.map(({ name, text }) => (
            <a key={name} {...follow({ view: name })} aria-current={name === shown.name ? 'page' : undefined}>
              {text}
            </a>
          ))}
        </nav>
      </header>
      <main id="main" tabIndex={-1}>
        <View />
      </main>
      <Viewer />
    </>
  );
}
