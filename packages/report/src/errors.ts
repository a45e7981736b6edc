import { SeewhyError } from '@seewhy/onnx';

interface Sized {
  readonly width: number;
  readonly height: number;
  readonly data: ArrayLike<unknown>;
}

export const errors = {
  sizeWrong: (kind: 'map' | 'mask', { width, height, data }: Sized) =>
    new SeewhyError({
      code: `${kind.toUpperCase()}_SIZE_INVALID`,
      what: `A ${kind} of ${width}x${height} pixels cannot have ${data.length} values`,
      cure: 'Width and height must be whole numbers of at least 1, and data hold height × width values.',
    }),

  reportPage: () =>
    new SeewhyError({
      code: 'REPORT_PAGE_INVALID',
      what: 'The page of the report does not end with </body></html>',
      cure: "Give the text of '@seewhy/report/page.html'.",
    }),
  reportTooLarge: (maxBytes: number, needed: number) =>
    new SeewhyError({
      code: 'REPORT_TOO_LARGE',
      what: `The report's page and data need ${megabytes(needed)} without a single picture; ${megabytes(maxBytes)} are allowed`,
      cure: 'Allow a larger file, or audit fewer pictures.',
    }),
  reportDamaged: (block: string, cause: unknown) =>
    new SeewhyError({
      code: 'REPORT_DAMAGED',
      what: `A block '${block}' of the report cannot be read`,
      cure: 'The file was changed or cut off after it was written: copy it again, or make the report anew.',
      cause,
    }),
};

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
