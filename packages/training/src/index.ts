export { type LogFolder, MemoryFolder } from './log-folder.ts';
export { crc32c } from './tensorboard/crc32c.ts';
export { decodeEvent, type Event, encodeEvent, type SummaryValue } from './tensorboard/event.ts';
export { EventWriter, type EventWriterOptions } from './tensorboard/event-writer.ts';
export { lastSteps, type ReadEvents, readEvents } from './tensorboard/read-events.ts';
