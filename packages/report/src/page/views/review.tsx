import { useRef, useState } from 'preact/hooks';
import { count } from '../draw/text.ts';
import { Gallery } from '../parts/gallery.tsx';
import { Name } from '../parts/name.tsx';
import { save } from '../parts/save.ts';
import { saveTable } from '../parts/table-file.ts';
import { clearNotes, importNotes, notes, notesFile } from '../state/notes.ts';
import { recordOf } from '../state/report.ts';
import { lasting } from '../state/storage.ts';
import { openPicture } from '../state/viewer.ts';

/** What the reader flagged and wrote, to be taken along and brought together. */
export function Review() {
  const file = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState('');
  const list = [...notes.value.keys()].flatMap((id) => recordOf(id) ?? []);
  const written = list.filter(({ id }) => notes.value.get(id)?.text || notes.value.get(id)?.verdict);
  const take = async (given: File | undefined) => {
    if (!given) return;
    try {
      const { added, unknown, other } = importNotes(JSON.parse(await given.text()));
      const parts = [`${count(added, 'note')} taken in.`];
      if (unknown > 0) parts.push(`${unknown} left out: this report has no such picture.`);
      if (other) parts.push('They were written on a report of another model.');
      setSaid(parts.join(' '));
    } catch (error) {
      setSaid(
        `'${given.name.slice(0, 80)}' was not taken in: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  };
  return (
    <section>
      <h1>Review</h1>
      <p class="lead">
        Flags, verdicts and notes stay in this browser
        {lasting ? '' : ' only as long as this page is open (it allows no storage for files)'}. Export them to keep or
        to pass them on.
      </p>
      <div class="toolbar">
        <button
          type="button"
          disabled={list.length === 0}
          onClick={() => save('seewhy-notes.json', 'application/json', `${JSON.stringify(notesFile(), null, 2)}\n`)}
        >
          Export notes
        </button>
        <button type="button" class="quiet-button" disabled={list.length === 0} onClick={() => saveTable(list)}>
          As CSV
        </button>
        <button type="button" class="quiet-button" onClick={() => file.current?.click()}>
          Import notes
        </button>
        <input
          ref={file}
          type="file"
          class="unseen"
          tabIndex={-1}
          accept="application/json,.json"
          aria-label="File of notes"
          onChange={(event) => {
            void take(event.currentTarget.files?.[0]);
            event.currentTarget.value = '';
          }}
        />
        <button
          type="button"
          class="quiet-button"
          disabled={list.length === 0}
          onClick={() => {
            if (window.confirm('Delete all flags and notes of this report from this browser?')) clearNotes();
          }}
        >
          Delete all
        </button>
      </div>
      <p role="status">{said}</p>
      {written.length > 0 && (
        <div class="card table-box">
          <table>
            <thead>
              <tr>
                <th scope="col">Picture</th>
                <th scope="col">The label is</th>
                <th scope="col">Note</th>
              </tr>
            </thead>
            <tbody>
              {written.map((record) => (
                <tr key={record.id}>
                  <th scope="row">
                    <button type="button" class="as-link" onClick={() => openPicture(record.id, list)}>
                      <Name text={record.id} most={60} />
                    </button>
                  </th>
                  <td>{notes.value.get(record.id)?.verdict.replace('label ', '')}</td>
                  <td>
                    <Name text={notes.value.get(record.id)?.text ?? ''} most={400} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Gallery
        records={list}
        label="Flagged and noted pictures"
        tile={140}
        empty="Nothing is flagged or noted yet. Open a picture to flag it (key f) or to write a note (key n)."
      />
    </section>
  );
}
