import { errors } from '../errors.ts';

/** What a caller says of inputs that the model leaves open. */
export interface WantedShapes {
  /** Shapes without the batch: of the first input, or by name. */
  readonly inputShape?: readonly number[] | Readonly<Record<string, readonly number[]>> | undefined;
  /** Height and width of pictures. */
  readonly size?: readonly [height: number, width: number] | undefined;
}

/** A dimension larger than this is no input's. */
const MOST = 2 ** 24;
/** Channels of a picture. */
const CHANNELS = new Set<number | null | undefined>([1, 3, 4]);
/** Channels where the model says nothing of its input but a size is given. */
const USUAL_CHANNELS = 3;

/**
 * The shape of an input, batch first: as the model declares it, open dimensions filled by what the caller says.
 * @param declared undefined where the model says nothing
 * @returns undefined where neither says anything
 * @throws INPUT_SHAPE_MISMATCH where the two do not agree
 */
export function wantedShape(
  wanted: WantedShapes,
  input: { readonly name: string; readonly index: number },
  declared: readonly (number | null)[] | undefined,
): readonly (number | null)[] | undefined {
  const { inputShape, size } = wanted;
  const asked = Array.isArray(inputShape)
    ? input.index === 0
      ? (inputShape as readonly number[])
      : undefined
    : (inputShape as Readonly<Record<string, readonly number[]>> | undefined)?.[input.name];
  const fits = (shape: readonly (number | null)[]) =>
    shape.every((dim) => dim === null || (Number.isSafeInteger(dim) && dim > 0 && dim < MOST)) &&
    (!declared ||
      (shape.length === declared.length - 1 &&
        declared.slice(1).every((dim, at) => dim === null || dim === shape[at])));
  if (asked) {
    if (!fits(asked)) throw errors.inputShape(input.name, asked, declared ?? [null]);
    return [declared?.[0] ?? null, ...asked];
  }
  if (!size) return declared;
  if (!declared) return input.index === 0 ? [null, ...size, USUAL_CHANNELS] : undefined;
  // What has other dimensions is no picture: a size says nothing of it.
  if (declared.length !== 4) return declared;
  const [, one, two, three] = declared;
  const first = CHANNELS.has(one) && three === null && two === null;
  const filled = first ? [one!, ...size] : [...size, three!];
  if (!fits(filled)) throw errors.inputSize(input.name, size, declared);
  return [declared[0]!, ...filled];
}
