import { render } from 'preact';
import { App } from './app.tsx';
import { followBlocks } from './state/blocks.ts';
import { loadNotes } from './state/notes.ts';
import { arrived, complete, openReport, reader } from './state/report.ts';

const root = document.getElementById('app')!;
let open = false;

followBlocks(
  reader,
  (ended) => {
    if (!open && reader.data) {
      open = true;
      openReport(reader.data);
      document.title = `${reader.data.run.title.slice(0, 200)} – seewhy`;
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
