import type { Shape } from '@seewhy/autodiff';

/** Sizes by value as `fold` takes them: null where one follows the batch. */
export const knownSizes = (shapes: ReadonlyMap<string, Shape>): Map<string, (number | null)[]> =>
  new Map([...shapes].map(([name, shape]) => [name, shape.map((dim) => (typeof dim === 'number' ? dim : null))]));
