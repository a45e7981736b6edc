import { errors } from '../errors.ts';
import type { LayerOptions } from '../layer.ts';

/**
 * The labels of an EinsumDense equation `input,kernel->output`, with `...` written out as letters.
 * @throws LAYER_OPTION
 */
export function einsumLabels(
  options: LayerOptions,
  rank: number,
): { input: string; kernel: string; output: string; equation: string } {
  const raw = options.raw('equation');
  const match =
    typeof raw === 'string'
      ? /^([a-z]*(?:\.\.\.)?[a-z]*),([a-z]+)->([a-z]*(?:\.\.\.)?[a-z]*)$/i.exec(raw.replaceAll(' ', ''))
      : null;
  if (!match) throw errors.badOption(options.label, 'equation', raw, 'an equation of one input and a kernel');
  let [, input, kernel, output] = match as unknown as [string, string, string, string];
  if (input.includes('...')) {
    const free = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].filter((letter) => !raw!.toString().includes(letter));
    const extra = free.slice(0, Math.max(0, rank - (input.length - 3))).join('');
    input = input.replace('...', extra);
    output = output.replace('...', extra);
  }
  if (input.length !== rank)
    throw errors.badShape(options.label, `The equation '${raw}' does not fit an input of ${rank} dimensions`);
  return { input, kernel, output, equation: `${input},${kernel}->${output}` };
}
