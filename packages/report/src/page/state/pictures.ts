import type { Plane } from '../../bundle/report-reader.ts';
import { arrived, reader } from './report.ts';

/** Keeps the `most` things that were used last. */
class Cache<T> {
  private readonly kept = new Map<string, T>();
  constructor(private readonly most: number) {}

  of(key: string, make: () => T | undefined): T | undefined {
    const known = this.kept.get(key);
    if (known !== undefined) {
      this.kept.delete(key);
      this.kept.set(key, known);
      return known;
    }
    const made = make();
    if (made === undefined) return undefined;
    this.kept.set(key, made);
    if (this.kept.size > this.most) {
      this.kept.delete(this.kept.keys().next().value!);
    }
    return made;
  }
}

type Side = 'a' | 'b' | undefined;
const keyOf = (id: string, method: string, side: Side) => `${side ?? ''}\n${method}\n${id}`;

const planes = new Cache<Plane>(400);

/** Waits for more of the file, when something is not there yet. */
function orLater<T>(found: T | undefined): T | undefined {
  if (found === undefined) void arrived.value;
  return found;
}

/** The picture as an address; undefined when the report does not hold it (or not yet). */
export const pictureUrl = (id: string): string | undefined => orLater(reader.pictureUrl(id));

export const mapOf = (id: string, method: string, side?: Side): Plane | undefined =>
  orLater(planes.of(keyOf(id, method, side), () => reader.plane({ kind: 'map', id, method, side })));

export const maskOf = (id: string): Plane | undefined =>
  orLater(planes.of(keyOf(id, '\nmask', undefined), () => reader.plane({ kind: 'mask', id })));

/** Does the report hold this map? */
export const hasMap = (id: string, method: string, side?: Side): boolean =>
  orLater(reader.has({ kind: 'map', id, method, side }) || undefined) ?? false;
