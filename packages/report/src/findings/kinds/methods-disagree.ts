import type { Finding } from '../../finding.ts';
import { decodeGrid } from '../../map-statistics/map-grid.ts';
import { type Context, counted, number, pictures, severityOf } from '../context.ts';
import { quantile } from '../statistics/quantile.ts';
import { rankCorrelation } from '../statistics/ranks.ts';
import { binomialTail } from '../statistics/tails.ts';

const LEAST = 10;
const LOW = 0.2;

/**
 * `methods-disagree`: two methods explain the same decisions and rank the places differently. Spearman's correlation of the 16 × 16 grids, a
 * picture a value. Told where it is below 0.2 in more than half of at least 10 pictures (sign test, p < 0.01 times the number of pairs:
 * Bonferroni). `medium` where the median is below 0: they contradict one another; else `low`.
 */
export function methodsDisagree({ run, records }: Context): Finding[] {
  const pairs = run.methods.flatMap((a, i) => run.methods.slice(i + 1).map((b) => [a, b] as const));
  return pairs.flatMap(([a, b]): Finding[] => {
    const compared = records.flatMap((record) => {
      const [first, second] = [record.maps?.[a.name], record.maps?.[b.name]];
      if (!first || !second || first.target !== second.target) return [];
      const correlation = rankCorrelation(decodeGrid(first.grid), decodeGrid(second.grid));
      return correlation === undefined ? [] : [{ record, correlation }];
    });
    const low = compared.filter(({ correlation }) => correlation < LOW).sort((x, y) => x.correlation - y.correlation);
    const p = Math.min(1, binomialTail(low.length, compared.length, 0.5) * pairs.length);
    if (compared.length < LEAST || p >= 0.01) return [];
    const middle = quantile(compared.map(({ correlation }) => correlation));
    return [
      {
        kind: 'methods-disagree',
        title: `${a.title} and ${b.title} point at different places (rank correlation ${middle.toFixed(2)})`,
        severity: severityOf(false, middle < 0),
        evidence: `In ${counted(low.length, 'picture')} of ${number(compared.length)} the rank correlation of the two maps is below ${LOW} (median ${middle.toFixed(2)}). At most one of the two shows what decides: compare how far covering each one's hot part changes the decision, or run \`seewhy verify\`.`,
        figures: { n: compared.length, low: low.length, median: middle, p },
        ...pictures(low, ({ record }) => record.id),
      },
    ];
  });
}
