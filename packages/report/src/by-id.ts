/** Rising by id (code units); the list itself where it is already so: a million records that are views are not asked for their ids twenty times. */
export function byId<T extends { readonly id: string }>(records: readonly T[]): readonly T[] {
  let last: string | undefined;
  for (const { id } of records) {
    if (last !== undefined && id < last) return records.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
    last = id;
  }
  return records;
}
