import type { AuditRecord } from '../../index.ts';
import { count } from '../draw/text.ts';
import { ColourChoice, LookChoice, MethodChoice, OpacitySlider } from '../parts/display-controls.tsx';
import { Gallery } from '../parts/gallery.tsx';
import { isWrong, kindOf, targetScore } from '../state/decisions.ts';
import { noteOf } from '../state/notes.ts';
import { go, here } from '../state/place.ts';
import { records } from '../state/report.ts';
import { selected } from '../state/selection.ts';

const best = (record: AuditRecord) => record.scores[0]?.[1] ?? Number.NaN;
const scoreOf = (record: AuditRecord) => targetScore(record) ?? best(record);
const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const byNumber = (a: number, b: number) => (Number.isNaN(a) ? 1 : Number.isNaN(b) ? -1 : a - b);

const SORTS: Readonly<Record<string, { text: string; compare: (a: AuditRecord, b: AuditRecord) => number }>> = {
  '': { text: 'data set order', compare: () => 0 },
  high: { text: 'score, highest first', compare: (a, b) => byNumber(-scoreOf(a), -scoreOf(b)) },
  low: { text: 'score, lowest first', compare: (a, b) => byNumber(scoreOf(a), scoreOf(b)) },
  wrong: {
    text: 'errors first',
    compare: (a, b) => Number(isWrong(kindOf(b))) - Number(isWrong(kindOf(a))) || byNumber(-best(a), -best(b)),
  },
  group: { text: 'group', compare: (a, b) => byText(a.group ?? '', b.group ?? '') },
  id: { text: 'id', compare: (a, b) => byText(a.id, b.id) },
  noted: {
    text: 'notes first',
    compare: (a, b) => Number(noteOf(b.id) !== undefined) - Number(noteOf(a.id) !== undefined),
  },
};

/** All pictures that the filter leaves. */
export function Pictures() {
  const name = here.sort.value in SORTS && Object.hasOwn(SORTS, here.sort.value) ? here.sort.value : '';
  const list = name === '' ? selected.value : [...selected.value].sort(SORTS[name]!.compare);
  return (
    <section>
      <div class="title-row">
        <h1>Pictures</h1>
        <p class="quiet">
          {list.length === records.length
            ? count(list.length, 'picture')
            : `${list.length.toLocaleString('en')} of ${count(records.length, 'picture')}`}
        </p>
      </div>
      <div class="toolbar">
        <label class="field">
          <span>Order</span>
          <select value={name} onChange={(event) => go({ sort: event.currentTarget.value })}>
            {Object.entries(SORTS).map(([value, { text }]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <LookChoice />
        <MethodChoice />
        <OpacitySlider />
        <ColourChoice />
      </div>
      <Gallery records={list} label="Pictures" tile={150} empty="No picture matches the filter." />
    </section>
  );
}
