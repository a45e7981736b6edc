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
  noPictures: () =>
    new SeewhyError({
      code: 'PICTURES_MISSING',
      what: 'There is no picture to explain',
      cure: 'Give at least one image.',
    }),
  picturesShape: (shape: readonly number[]) =>
    new SeewhyError({
      code: 'PICTURES_SHAPE',
      what: `The images have the shape [${shape.join(', ')}]`,
      cure: 'Give a tensor [N, height, width, channels], as the model takes it.',
    }),
  pictureNames: (names: number, pictures: number) =>
    new SeewhyError({
      code: 'PICTURE_NAMES',
      what: `There are ${names} names for ${pictures} pictures`,
      cure: 'Give one name a picture.',
    }),
  pictureMasks: (masks: number, pictures: number) =>
    new SeewhyError({
      code: 'PICTURE_MASKS',
      what: `There are ${masks} masks for ${pictures} pictures`,
      cure: 'Give one mask a picture.',
    }),
  every: (every: unknown) =>
    new SeewhyError({
      code: 'EVERY_INVALID',
      what: `every is ${JSON.stringify(every)}`,
      cure: "Give 'epoch', or a whole number of batches.",
    }),
  watchState: (path: string, detail: string) =>
    new SeewhyError({
      code: 'WATCH_STATE_INVALID',
      what: `The record of what was explained cannot be read: ${detail.split('\n')[0]}`,
      where: `file '${path}'`,
      cure: 'Delete it: everything is then explained once more.',
    }),
  watchBusy: (path: string, lock: string, pid: number) =>
    new SeewhyError({
      code: 'WATCH_BUSY',
      what: `Another watch${pid > 0 ? ` (process ${pid})` : ''} writes into the same place`,
      where: `file '${path}'`,
      cure: `Give this one an output or a --state of its own. Where there is no such watch, delete '${lock}'.`,
    }),
};
