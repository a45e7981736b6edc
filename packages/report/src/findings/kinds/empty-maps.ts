import type { Finding } from '../../finding.ts';
import { type Context, capital, counted, number, percent, pictures, severityOf } from '../context.ts';

/**
 * `empty-maps`: maps with nothing positive, or the same everywhere: they explain nothing. No test: they are counted. `medium` where it is a tenth of
 * the method's maps or more, else `low`. The reason is the most frequent warning the method gave with them.
 */
export function emptyMaps({ run, records }: Context): Finding[] {
  return run.methods.flatMap(({ name, title, layers }): Finding[] => {
    const maps = records.flatMap((record) => {
      const map = record.maps?.[name];
      return map ? [{ record, map }] : [];
    });
    const blank = maps.filter(({ map }) => map.empty || map.flat);
    if (blank.length === 0) return [];
    const reasons = new Map<string, number>();
    for (const { map } of blank)
      for (const warning of map.warnings) reasons.set(warning, (reasons.get(warning) ?? 0) + 1);
    const [reason] = [...reasons].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    const flat = blank.filter(({ map }) => map.flat).length;
    return [
      {
        kind: 'empty-maps',
        title: `${counted(blank.length, `${title} map`)} of ${number(maps.length)} ${blank.length === 1 ? 'shows' : 'show'} nothing`,
        severity: severityOf(false, blank.length >= 0.1 * maps.length),
        evidence: [
          `${capital(percent(blank.length / maps.length))} of the maps have no positive part${flat > 0 ? ` (${number(flat)} ${flat === 1 ? 'is' : 'are'} the same everywhere)` : ''}: nothing in the picture speaks for the class${layers.length > 0 ? ' at the layer looked at' : ''}.`,
          reason ? `${saidWith(reason[1], blank.length)} the method said: ${sentence(reason[0])}` : '',
          layers.length > 0
            ? 'Try another layer or a method whose maps have two signs.'
            : 'Try a method whose maps have two signs.',
        ]
          .filter(Boolean)
          .join(' '),
        figures: { n: maps.length, empty: blank.length, flat },
        ...pictures(blank, ({ record }) => record.id),
        method: name,
      },
    ];
  });
}

const saidWith = (count: number, of: number): string =>
  count === of ? (of === 1 ? 'With it' : 'With all of them') : `With ${number(count)} of them`;

/** A warning as a sentence of its own. */
const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
