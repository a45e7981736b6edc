import { computed } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { AuditRecord } from '../../index.ts';
import { describeMap } from '../../map-statistics/describe-map.ts';
import { figure, shorten } from '../draw/text.ts';
import { askedClass, shownKind, targetScore } from '../state/decisions.ts';
import { coloursFor, look, method, opacity } from '../state/display.ts';
import { noteOf } from '../state/notes.ts';
import { hasMap, mapOf, pictureUrl } from '../state/pictures.ts';
import { run } from '../state/report.ts';
import { thresholdOf } from '../state/threshold.ts';
import { Heat } from './heat.tsx';
import { KIND_NAMES, Mark } from './marks.tsx';
import { Name } from './name.tsx';

/** The picture with its map, as the gallery shows it. */
export function Thumb({ record, side }: { record: AuditRecord; side?: 'a' | 'b' }) {
  const shown = method.value;
  const url = pictureUrl(record.id);
  const map = shown !== undefined && look.value !== 'picture' && hasMap(record.id, shown.name, side);
  const told = map ? shown.name : undefined;
  const alt = useMemo(() => computed(() => altOf(record, told)), [record, told]);
  const [, height, width] = run.model.input;
  return (
    <span class="thumb" style={{ aspectRatio: `${width} / ${height}` }}>
      {url ? (
        <img src={url} alt={alt} decoding="async" draggable={false} />
      ) : (
        <span class="thumb-none">
          <span>not in this file</span>
          <span class="unseen">{alt}</span>
        </span>
      )}
      {map && shown && (
        <Heat
          map={() => mapOf(record.id, shown.name, side)}
          name={`${side} ${shown.name} ${record.id}`}
          colours={coloursFor(shown.signed)}
          {...(look.value === 'heatmap' ? {} : { alpha: opacity.value })}
        />
      )}
    </span>
  );
}

/** The picture in words, beginning with what the view asks about. */
function altOf(record: AuditRecord, told: string | undefined): string {
  const words = describeMap(record, run, told, thresholdOf(record));
  const asked = askedClass.value;
  return asked === undefined
    ? words
    : `${shorten(run.classes[asked] ?? '', 60)}: ${KIND_NAMES[shownKind(record)]}. ${words}`;
}

/** What stands below a picture: how it was decided, the score, the id. */
export function Caption({ record }: { record: AuditRecord }) {
  // Drawn again when the decision changes, not with each step of the threshold.
  const kind = useMemo(() => computed(() => shownKind(record)), [record]).value;
  const [best] = record.scores;
  const score = targetScore(record);
  const note = noteOf(record.id);
  return (
    <span class="caption">
      <span class="caption-line">
        <Mark kind={kind} quiet />
        <span class={`kind kind-${kind}`}>{kind === 'none' ? 'no label' : kind}</span>
        <span class="score">{score !== undefined ? figure(score, 2) : best ? figure(best[1], 2) : '–'}</span>
        {note?.flag && (
          <span class="flag" role="img" aria-label="flagged">
            ⚑
          </span>
        )}
        {note?.text && (
          <span class="flag" role="img" aria-label="has a note">
            ✎
          </span>
        )}
      </span>
      {run.task !== 'binary' && (
        <span class="caption-line caption-label">
          <Name
            text={record.label?.map((index) => run.classes[index] ?? String(index)).join(', ') ?? 'no label'}
            most={40}
          />
        </span>
      )}
      <span class="caption-line caption-id">
        <Name text={record.id} most={48} />
      </span>
    </span>
  );
}
