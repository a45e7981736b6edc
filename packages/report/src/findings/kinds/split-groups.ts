import type { Finding } from '../../finding.ts';
import { type Context, counted, number, pictures } from '../context.ts';

/**
 * `group-in-splits`: pictures of one group (patient, site) lie in two splits: the test knows its examinees. No test: each such group is told, always
 * `high`.
 */
export function splitGroups({ records }: Context): Finding[] {
  const first = new Map<string, string>();
  const mixed = new Map<string, Map<string, string[]>>();
  for (const { group, split } of records) {
    if (group === undefined || split === undefined) continue;
    const known = first.get(group);
    if (known === undefined) first.set(group, split);
    else if (known !== split) mixed.set(group, new Map());
  }
  if (mixed.size === 0) return [];
  for (const { id, group, split } of records) {
    const splits = group === undefined || split === undefined ? undefined : mixed.get(group);
    if (!splits) continue;
    const ids = splits.get(split!) ?? [];
    splits.set(split!, ids);
    ids.push(id);
  }
  const known = [...mixed];
  const names = known.slice(0, 5).map(([group, splits]) => `“${group}” (${[...splits.keys()].sort().join(', ')})`);
  return [
    {
      kind: 'group-in-splits',
      title: `${counted(known.length, 'group')} of ${number(first.size)} ${known.length === 1 ? 'lies' : 'lie'} in two splits or more`,
      severity: 'high',
      evidence: `${names.join('; ')}${known.length > 5 ? ` and ${number(known.length - 5)} more` : ''}. Pictures of one group resemble one another; figures on the test split are then better than they will be on new groups. Split by group.`,
      figures: { groups: first.size, inSplits: known.length },
      ...pictures(
        known.flatMap(([, splits]) => [...splits.values()].flat()),
        (id) => id,
      ),
    },
  ];
}
