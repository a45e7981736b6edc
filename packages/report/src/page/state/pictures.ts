import type { Plane } from '../../bundle/report-reader.ts';
import { arrived, reader } from './report.ts';

/** Keeps the `most` things that were used last. */
class Cache<T> {
  private readonly kept = new Map<string, T>();
  constructor(
    private readonly most: number,
    private readonly drop: (thing: T) => void = () => {},
  ) {}

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
      const [oldest, thing] = this.kept.entries().next().value!;
      this.kept.delete(oldest);
      this.drop(thing);
    }
    return made;
  }
}

type Side = 'a' | 'b' | undefined;
const keyOf = (id: string, method: string, side: Side) => `${side ?? ''}\n${method}\n${id}`;

const urls = new Cache<string>(2500, (url) => URL.revokeObjectURL(url));
const planes = new Cache<Plane>(400);

/** Waits for more of the file, when something is not there yet. */
function orLater<T>(found: T | undefined): T | undefined {
  if (found === undefined) void arrived.value;
  return found;
}

/** Address of a picture in memory; undefined when the report does not hold it (or not yet). */
export const pictureUrl = (id: string): string | undefined =>
  orLater(
    urls.of(id, () => {
      const picture = reader.picture({ id });
      return picture && URL.createObjectURL(new Blob([picture.bytes], { type: picture.type }));
    }),
  );

export const mapOf = (id: string, method: string, side?: Side): Plane | undefined =>
  orLater(planes.of(keyOf(id, method, side), () => reader.plane({ kind: 'map', id, method, side })));

export const maskOf = (id: string): Plane | undefined =>
  orLater(planes.of(keyOf(id, '\nmask', undefined), () => reader.plane({ kind: 'mask', id })));

/** Does the report hold this map? */
export const hasMap = (id: string, method: string, side?: Side): boolean =>
  orLater(reader.has({ kind: 'map', id, method, side }) || undefined) ?? false;
