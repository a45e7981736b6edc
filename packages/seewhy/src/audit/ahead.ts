/**
 * Items of a source with work begun on the next few: what `begin` returns is awaited in order, while the work of those behind it goes on in
 * threads of its own.
 * @param begin must not reject
 */
export async function* ahead<T, R>(
  source: AsyncIterable<T>,
  begin: (item: T) => Promise<R>,
  count: number,
): AsyncGenerator<R> {
  const iterator = source[Symbol.asyncIterator]();
  const begun: Promise<R>[] = [];
  let ended = false;
  try {
    for (;;) {
      while (!ended && begun.length < count) {
        const next = await iterator.next();
        if (next.done) ended = true;
        else begun.push(begin(next.value));
      }
      const first = begun.shift();
      if (!first) return;
      yield await first;
    }
  } finally {
    await iterator.return?.();
    await Promise.allSettled(begun);
  }
}
