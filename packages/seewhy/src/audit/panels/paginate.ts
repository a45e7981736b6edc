import type { PanelPlan, PlannedSection } from './plan.ts';

/** One page of a panel: the same sections, each with the items of this page. */
export type Page = readonly PlannedSection[];

/**
 * Breaks a panel into pages of at most `rows` rows of `columns` items.
 *
 * `abreast`: the rows of a page are dealt out one by one to the sections that have some left, so that the first page shows the first of each.
 * `in turn`: one section after the other; a section that does not fit begins on the next page, unless it is longer than half a page. A section
 * that goes on says so; one that is empty stands on the first page.
 */
export function paginate(plan: Pick<PanelPlan, 'flow' | 'sections'>, columns: number, rows: number): Page[] {
  const left = plan.sections.map(({ items }) => Math.ceil(items.length / columns));
  const pages: Page[] = [];
  const taken = plan.sections.map(() => 0);
  do {
    const page = plan.flow === 'abreast' ? dealt(left, rows) : inTurn(left, taken, rows);
    pages.push(
      plan.sections.flatMap((section, at) => {
        const many = page[at]!;
        if (many === 0 && !(pages.length === 0 && section.items.length === 0)) return [];
        const first = taken[at]!;
        const items = section.items.slice(first * columns, (first + many) * columns);
        taken[at] = first + many;
        left[at] = left[at]! - many;
        return first === 0
          ? [{ ...section, items }]
          : [{ ...section, items, title: `${section.title} (continued)`, note: '' }];
      }),
    );
  } while (left.some((many) => many > 0));
  return pages;
}

/** Rows a section gets of a page, one by one in turn. */
function dealt(left: readonly number[], rows: number): number[] {
  const given = left.map(() => 0);
  for (let free = rows; free > 0; ) {
    let any = false;
    for (const [at, many] of left.entries()) {
      if (free === 0 || given[at]! >= many) continue;
      given[at]!++;
      free--;
      any = true;
    }
    if (!any) break;
  }
  return given;
}

function inTurn(left: readonly number[], taken: readonly number[], rows: number): number[] {
  const given = left.map(() => 0);
  let free = rows;
  for (const [at, many] of left.entries()) {
    if (many === 0) continue;
    if (free === 0) break;
    // A short section is not torn.
    if (many > free && free < rows && taken[at] === 0 && many <= rows / 2) break;
    given[at] = Math.min(many, free);
    free -= given[at]!;
    if (given[at]! < many) break;
  }
  return given;
}
