import { SeewhyError } from '@seewhy/onnx';

/** Every message of this package: what is wrong, where, what to do. */
export const errors = {
  nameTaken: (name: string, tries: number) =>
    new SeewhyError({
      code: 'EVENT_FILE_NAME',
      what: `No free name for an event file was found in ${tries} tries`,
      where: `last tried '${name}'`,
      cure: 'Write into another folder.',
    }),
  writerClosed: (name: string) =>
    new SeewhyError({
      code: 'EVENT_FILE_CLOSED',
      what: 'This event file was closed',
      where: `file '${name}'`,
      cure: 'Make another writer: it goes on in a file of its own.',
    }),
  step: (step: number) =>
    new SeewhyError({
      code: 'STEP_INVALID',
      what: `A step is a whole number, not ${step}`,
      cure: 'Give the number of the epoch or of the batch.',
    }),
};
