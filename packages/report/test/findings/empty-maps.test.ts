import { describe, expect, it } from 'vitest';
import type { AuditRecord, MapRecord } from '../../src/index.ts';
import { idOf, METHODS, mapOf, recordOf, recordsOf, runOf, told } from './records.ts';

const KIND = 'empty-maps';
const run = runOf({ methods: [METHODS.gradcam] });
const DEAD = 'All activations of the layer are zero';
const empty = (more: Partial<MapRecord> = {}) => ({ maps: { gradcam: mapOf({ empty: true, ...more }) } });
const filled = { maps: { gradcam: mapOf() } };

describe(KIND, () => {
  it('counts maps with nothing positive and those that are the same everywhere, and says why', () => {
    const records = recordsOf(40, (i) =>
      i < 3
        ? empty({ warnings: [DEAD] })
        : i === 3
          ? { maps: { gradcam: mapOf({ flat: true, warnings: ['Flat.'] }) } }
          : filled,
    );
    const [finding] = told(KIND, run, records);
    expect(finding).toMatchObject({
      title: '4 Grad-CAM maps of 40 show nothing',
      severity: 'medium',
      figures: { n: 40, empty: 4, flat: 1 },
      ids: [0, 1, 2, 3].map(idOf),
      method: 'gradcam',
    });
    expect(finding!.evidence).toContain('10 % of the maps have no positive part (1 is the same everywhere)');
    expect(finding!.evidence).toContain(`With 3 of them the method said: ${DEAD}.`);
    expect(finding!.evidence).toContain('at the layer looked at');
  });

  it('is low below a tenth, and reads well of one', () => {
    const [one] = told(
      KIND,
      run,
      recordsOf(300, (i) => (i === 7 ? empty({ warnings: [DEAD] }) : filled)),
    );
    expect(one).toMatchObject({ title: '1 Grad-CAM map of 300 shows nothing', severity: 'low', ids: [idOf(7)] });
    expect(one!.evidence).toContain('Less than 1 % of the maps');
    expect(one!.evidence).toContain('With it the method said');
    expect(told(KIND, run, [recordOf(0, empty())])[0]).toMatchObject({
      title: '1 Grad-CAM map of 1 shows nothing',
      severity: 'medium',
    });
  });

  it('is told of each method by itself; a method of pixels has no layer', () => {
    const both = runOf({ methods: [METHODS.gradcam, METHODS.saliency] });
    const records = recordsOf(
      20,
      (i): Partial<AuditRecord> => ({ maps: { gradcam: mapOf(), saliency: mapOf({ empty: i < 5 }) } }),
    );
    const found = told(KIND, both, records);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ title: '5 Saliency maps of 20 show nothing', method: 'saliency' });
    expect(found[0]!.evidence).not.toContain('layer');
  });

  it('is silent where all maps show something, and where there are none', () => {
    expect(
      told(
        KIND,
        run,
        recordsOf(40, () => filled),
      ),
    ).toEqual([]);
    expect(
      told(
        KIND,
        run,
        recordsOf(40, () => ({})),
      ),
    ).toEqual([]);
    expect(told(KIND, run, [])).toEqual([]);
  });
});
