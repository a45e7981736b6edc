import type { AuditRecord, AuditRun } from '@seewhy/report';
import { compareErrors } from './compare-errors.ts';

/**
 * The class indexes of B's run as those of A's: the same names may stand in another order.
 * @throws SeewhyError `COMPARE_TASKS`, `COMPARE_CLASSES`, `COMPARE_POSITIVE`
 */
export function classIndexes(a: AuditRun, b: AuditRun): readonly number[] {
  if (a.task !== b.task) throw compareErrors.tasks(a.task, b.task);
  const indexes = new Map(a.classes.map((name, index) => [name, index]));
  const known = new Set(b.classes);
  const onlyA = a.classes.filter((name) => !known.has(name));
  const onlyB = b.classes.filter((name) => !indexes.has(name));
  if (onlyA.length > 0 || onlyB.length > 0) throw compareErrors.classes(onlyA, onlyB);
  if (a.task === 'binary') {
    const [positiveA, positiveB] = [a.classes[a.positive ?? 1]!, b.classes[b.positive ?? 1]!];
    if (positiveA !== positiveB) throw compareErrors.positive(positiveA, positiveB);
  }
  return b.classes.map((name) => indexes.get(name)!);
}

/** A record with its class indexes changed. */
export function withIndexes(record: AuditRecord, indexes: readonly number[]): AuditRecord {
  if (indexes.every((index, at) => index === at)) return record;
  return {
    ...record,
    ...(record.label ? { label: record.label.map((index) => indexes[index]!).sort((x, y) => x - y) } : {}),
    scores: record.scores.map(([index, score]) => [indexes[index]!, score] as const),
    ...(record.maps
      ? {
          maps: Object.fromEntries(
            Object.entries(record.maps).map(([name, map]) => [name, { ...map, target: indexes[map.target]! }]),
          ),
        }
      : {}),
  };
}
