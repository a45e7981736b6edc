export type Sharp = typeof import('sharp').default;

let loading: Promise<Sharp | null> | undefined;

/** The package 'sharp', loaded when it is first needed; null where it is not installed or its binary does not load. */
export function loadSharp(): Promise<Sharp | null> {
  loading ??= import('sharp').then(
    ({ default: sharp }) => {
      // Every picture is another one: what libvips would keep of the last hundred (50 MB) is never asked for again.
      sharp.cache(false);
      return sharp;
    },
    () => null,
  );
  return loading;
}

/** Whether something has asked for sharp already. */
export const sharpIsAsked = (): boolean => loading !== undefined;
