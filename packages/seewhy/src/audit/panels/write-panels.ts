import { basename, join } from 'node:path';
import type { AuditPanelItem, AuditPanelMap, Picture } from '@seewhy/core';
import { isSeewhyError } from '@seewhy/onnx';
import type { AuditMethod, AuditRecord, AuditRun } from '@seewhy/report';
import { makeFolder } from '../../output-files.ts';
import { className, shownName } from './captions.ts';
import type { PlannedItem, PlanOptions } from './plan.ts';
import { planPanels } from './plan-panels.ts';
import { panelSlug } from './slug.ts';
import { writePlan } from './write-plan.ts';

/** A finished map: 0..1, signed ones −1..1, row by row. */
export interface FinishedPanelMap {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
  readonly signed: boolean;
}

export interface PanelsRequest extends PlanOptions {
  readonly run: AuditRun;
  readonly records: readonly AuditRecord[];
  /** The picture as the model saw it. What it throws as a SeewhyError is shown as a picture that cannot be read. */
  picture(id: string): Promise<Picture>;
  /** Asked only for maps that the picture's record has. */
  map(id: string, method: string): Promise<FinishedPanelMap>;
  /** The run's folder: the panels go into `panels/` of it. */
  readonly folder: string;
  readonly signal?: AbortSignal;
}

/** Methods beside one another in one figure. */
const METHODS = 4;

/**
 * Draws the panels of a finished audit: `panels/<name>.<methods>.png`, further pages as `….page-2.png`. Files of the same name are
 * replaced.
 * @returns their paths below the run's folder, in the order of {@link planPanels}
 * @throws SeewhyError `AUDIT_PATIENT_UNKNOWN`, `OUTPUT_UNWRITABLE`, `DISK_FULL`
 */
export async function writePanels(request: PanelsRequest): Promise<string[]> {
  const { run, records, folder } = request;
  const plans = planPanels(records, run, request);
  const about = `${shownName(basename(run.model.path))} on ${shownName(basename(run.dataset.path))}, seed ${request.seed ?? 0}`;
  const byId = new Map(records.map((record) => [record.id, record]));
  if (plans.length > 0) await makeFolder(join(folder, 'panels'));
  const files: string[] = [];
  for (const plan of plans) {
    for (const methods of chunks(run.methods, METHODS)) {
      const subtitle = [methods.map(methodText).join(', '), ...plan.subtitle, about].filter(Boolean);
      files.push(
        ...(await writePlan({
          plan: { ...plan, subtitle },
          methods: methods.map(({ title }) => shownName(title)),
          item: (item) => drawn(item, byId.get(item.id)!, methods, request),
          folder,
          name: [`panels/${plan.name}`, ...methods.map(({ name }) => methodSlug(name))].join('.'),
          signal: request.signal,
        })),
      );
    }
  }
  return files;
}

/** The method's own name where it is one that a file may have: `gradcam++`. */
const methodSlug = (name: string) => (/^[a-z0-9+-]{1,40}$/.test(name) ? name : panelSlug(name));

const methodText = ({ title, layers }: AuditMethod): string =>
  layers.length > 0 ? `${shownName(title)} at ${shownName(layers.join(', '))}` : shownName(title);

/** One figure even without methods: then it shows the pictures alone. */
function chunks<T>(list: readonly T[], most: number): readonly (readonly T[])[] {
  if (list.length === 0) return [[]];
  return Array.from({ length: Math.ceil(list.length / most) }, (_, i) => list.slice(i * most, (i + 1) * most));
}

async function drawn(
  item: PlannedItem,
  record: AuditRecord,
  methods: readonly AuditMethod[],
  request: PanelsRequest,
): Promise<AuditPanelItem> {
  const [picture, ...maps] = await Promise.all([
    orNothing(request.picture(item.id)),
    ...methods.map((method) => mapOf(record, method, request)),
  ]);
  return { ...item, tag: record.sha256.slice(0, 8), ...(picture ? { picture } : {}), maps };
}

async function mapOf(record: AuditRecord, method: AuditMethod, request: PanelsRequest): Promise<AuditPanelMap> {
  const known = record.maps?.[method.name];
  if (!known) return { note: 'not explained' };
  const note = `for ${className(request.run, known.target)}`;
  const map = await orNothing(request.map(record.id, method.name));
  if (!map) return { note, warning: 'the map cannot be read' };
  const warning = known.empty
    ? 'empty: nothing in the picture speaks for it'
    : known.flat
      ? 'flat: the same everywhere'
      : known.warnings[0];
  const { width, height, data, signed } = map;
  return {
    map: { width, height, data },
    signed,
    range: known.range,
    note,
    ...(warning ? { warning } : {}),
  };
}

/** What cannot be read is shown as such; anything else that goes wrong is passed on. */
async function orNothing<T>(made: Promise<T>): Promise<T | undefined> {
  try {
    return await made;
  } catch (error) {
    if (isSeewhyError(error)) return undefined;
    throw error;
  }
}
