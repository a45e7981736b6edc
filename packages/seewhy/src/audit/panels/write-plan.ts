import { join } from 'node:path';
import { type AuditPanelItem, auditPanel, auditPanelColumns } from '@seewhy/core';
import { writeAtomically } from '../../output-files.ts';
import { encodePng } from '../../picture/encode-png.ts';
import { paginate } from './paginate.ts';
import type { PanelPlan, PlannedItem } from './plan.ts';

/** Rows of items on one page. */
const ROWS = 8;

export interface WritePlanRequest {
  readonly plan: PanelPlan;
  /** What the columns of maps are called; every item has a map (or a reason for none) for each. */
  readonly methods: readonly string[];
  /** The item with its pictures and maps. */
  item(planned: PlannedItem): Promise<AuditPanelItem>;
  /** Where the pages go, and their name without the ending: `panels/tp-fn.gradcam`. */
  readonly folder: string;
  readonly name: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Draws a panel page by page, one page of pictures held at a time: `<name>.png`, `<name>.page-2.png` … Files of the same name are replaced.
 * @returns the names below the folder
 */
export async function writePlan(request: WritePlanRequest): Promise<string[]> {
  const { plan, methods, folder, name, signal } = request;
  const pages = paginate(plan, auditPanelColumns(methods.length), ROWS);
  const files: string[] = [];
  for (const [at, sections] of pages.entries()) {
    signal?.throwIfAborted();
    const raster = auditPanel({
      title: plan.title,
      subtitle: plan.subtitle,
      methods,
      sections: await Promise.all(
        sections.map(async (section) => ({
          ...section,
          items: await Promise.all(section.items.map((item) => request.item(item))),
        })),
      ),
      page: { number: at + 1, of: pages.length },
    });
    const file = `${name}${at > 0 ? `.page-${at + 1}` : ''}.png`;
    await writeAtomically(join(folder, file), await encodePng(raster), true);
    files.push(file);
  }
  return files;
}
