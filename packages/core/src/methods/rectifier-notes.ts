import { rectifiersOn } from '@seewhy/autodiff';
import type { MethodFacts } from './method.ts';

/**
 * What a rectified backward pass finds on its way: nothing to say where every activation is a rectifier; that its map is the plain
 * gradient where none is; which activations keep their derivative where some are.
 */
export function rectifierNotes(title: string, { graph, of, image }: MethodFacts): string[] {
  const { rectifiers, smooth } = rectifiersOn(graph, of, [image]);
  const kept = [...smooth].map(([op, count]) => `${count} ${op}`).join(', ');
  if (rectifiers.size === 0) {
    const why = kept
      ? `its activations are ${kept}, which keep their derivative`
      : 'it has no activation that rectifies';
    return [`This network has no rectifier for ${title} to change (${why}): the map is the plain gradient.`];
  }
  if (kept === '') return [];
  const changed = [...rectifiers].map(([op, count]) => `${count} ${op}`).join(', ');
  return [`${title} changes ${changed}; ${kept} keep their plain derivative.`];
}
