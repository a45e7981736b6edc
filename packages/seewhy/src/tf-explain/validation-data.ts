import type { Picture, RunTensor } from '@seewhy/core';

/** Numbers with their shape, `[N, height, width, channels]`: a tensor, what `decodeNpy` gave, or made by hand. */
export interface NumberArray {
  readonly dims: readonly number[];
  readonly data: RunTensor['data'] | readonly number[];
  /** Default `float32`; bytes where `data` is a Uint8Array. */
  readonly type?: RunTensor['type'];
}

/** Pictures in the units that the model takes, or decoded ones, which then go through the preprocessing of the model. */
export type Images = NumberArray | readonly Picture[];

/** What tf-explain calls `validation_data`: pictures, and labels that no explainer looks at. */
export type ValidationData = { readonly x: Images; readonly y?: unknown } | readonly [x: Images, y?: unknown];

/** The pictures of validation data. */
export const imagesOf = (data: ValidationData): Images => ('x' in data ? data.x : data[0]);
