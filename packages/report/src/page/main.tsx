import { render } from 'preact';
import { App } from './app.tsx';
import { followBlocks } from './state/blocks.ts';
import { isComparison, openComparison } from './state/comparison.ts';
import { loadNotes } from './state/notes.ts';
import { arrived, complete, openReport, reader, run } from './state/report.ts';

const root = document.getElementById('app')!;
let open = false;

followBlocks(
  reader,
  (ended) => {
    if (!open && reader.data) {
      open = true;
      openReport(isComparison(reader.data) ? openComparison(reader.data) : reader.data);
      document.title = `${run.title.slice(0, 200)} – seewhy`;
      loadNotes();
      root.textContent = '';
      render(<App />, root);
    } else if (open) arrived.value++;
    if (!ended) return;
    complete.value = true;
    if (!open) fail('This file holds no report. It may have been cut off: copy it again, or make it anew.');
  },
  (error) => fail(error instanceof Error ? error.message : String(error)),
);

function fail(text: string): void {
  const line = document.createElement('p');
  line.className = 'fatal';
  line.setAttribute('role', 'alert');
  line.textContent = text;
  if (!open) root.textContent = '';
  root.prepend(line);
}
