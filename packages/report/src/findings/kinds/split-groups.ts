import type { Finding } from '../../finding.ts';
import { type Context, counted } from '../context.ts';

/**
 * `group-in-splits`: pictures of one group (patient, site) lie in two splits: the test knows its examinees. No test: each such group is told, always
 * `high`.
 */
export function splitGroups({ records }: Context): Finding[] {
  const groups = new Map<string, Map<string, string[]>>();
  for (const { id, group, split } of records) {
    if (group === undefined || split === undefined) continue;
    const splits = groups.get(group) ?? new Map<string, string[]>();
    splits.set(split, [...(splits.get(split) ?? []), id]);
    groups.set(group, splits);
  }
  const known = [...groups].filter(([, splits]) => splits.size > 1);
  if (known.length === 0) return [];
  const names = known.slice(0, 5).map(([group, splits]) => `${group} (${[...splits.keys()].sort().join(', ')})`);
  return [
    {
      kind: 'group-in-splits',
      title: `${counted(known.length, 'group')} of ${groups.size} ${known.length === 1 ? 'lies' : 'lie'} in two splits or more`,
      severity: 'high',
      evidence: `${names.join('; ')}${known.length > 5 ? ` and ${known.length - 5} more` : ''}. Pictures of one group resemble one another; figures on the test split are then better than they will be on new groups. Split by group.`,
      figures: { groups: groups.size, inSplits: known.length },
      ids: known.flatMap(([, splits]) => [...splits.values()].flat()),
    },
  ];
}
