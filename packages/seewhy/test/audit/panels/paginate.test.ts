import { describe, expect, it } from 'vitest';
import { paginate } from '../../../src/audit/panels/paginate.ts';

const section = (title: string, count: number) => ({
  title,
  note: 'a rule',
  items: Array.from({ length: count }, (_, i) => ({ id: `${title}${i}`, lines: [] })),
});
const shown = (pages: ReturnType<typeof paginate>) =>
  pages.map((page) => page.map(({ title, items }) => [title, items.map(({ id }) => id).join(' ')]));

describe('paginate', () => {
  it('abreast: every page shows the next rows of each section', () => {
    const plan = { flow: 'abreast', sections: [section('t', 3), section('f', 11)] } as const;
    expect(shown(paginate(plan, 2, 4))).toEqual([
      [
        ['t', 't0 t1 t2'],
        ['f', 'f0 f1 f2 f3'],
      ],
      [['f (continued)', 'f4 f5 f6 f7 f8 f9 f10']],
    ]);
  });
  it('abreast: what one does not use the other gets', () => {
    const plan = { flow: 'abreast', sections: [section('t', 1), section('f', 6)] } as const;
    expect(shown(paginate(plan, 2, 4))).toEqual([
      [
        ['t', 't0'],
        ['f', 'f0 f1 f2 f3 f4 f5'],
      ],
    ]);
  });
  it('in turn: a short section is not torn, a long one goes on without its note', () => {
    const plan = { flow: 'in turn', sections: [section('a', 3), section('b', 2), section('c', 9)] } as const;
    const pages = paginate(plan, 1, 4);
    expect(shown(pages)).toEqual([
      [['a', 'a0 a1 a2']],
      [
        ['b', 'b0 b1'],
        ['c', 'c0 c1'],
      ],
      [['c (continued)', 'c2 c3 c4 c5']],
      [['c (continued)', 'c6 c7 c8']],
    ]);
    expect(pages[2]![0]!.note).toBe('');
  });
  it('an empty section stands on the first page; nothing at all is one page', () => {
    const plan = { flow: 'abreast', sections: [section('t', 0), section('f', 5)] } as const;
    expect(shown(paginate(plan, 1, 4))).toEqual([
      [
        ['t', ''],
        ['f', 'f0 f1 f2 f3'],
      ],
      [['f (continued)', 'f4']],
    ]);
    expect(shown(paginate({ flow: 'in turn', sections: [section('t', 0)] }, 2, 8))).toEqual([[['t', '']]]);
  });
  it.each(['abreast', 'in turn'] as const)('%s: no item is lost or shown twice, no page is too long', (flow) => {
    for (let seed = 1; seed < 60; seed++) {
      const sections = Array.from({ length: 1 + (seed % 5) }, (_, i) => section(`s${i}.`, (seed * (i + 3) * 7) % 40));
      const columns = 1 + (seed % 2);
      const pages = paginate({ flow, sections }, columns, 8);
      const ids = pages.flat().flatMap(({ items }) => items.map(({ id }) => id));
      expect([...ids].sort()).toEqual(sections.flatMap(({ items }) => items.map(({ id }) => id)).sort());
      for (const page of pages)
        expect(page.reduce((sum, { items }) => sum + Math.ceil(items.length / columns), 0)).toBeLessThanOrEqual(8);
    }
  });
});
