// A process that writes an event file: node --import tsx write-events.ts FOLDER TAG STEPS. Host, number and clock are the same in all of
// them, so that all ask for the same name.
import { EventWriter } from '@seewhy/training';
import { DiskFolder } from '@seewhy/training/node';

const [folder, tag, steps] = process.argv.slice(2) as [string, string, string];
const writer = new EventWriter(new DiskFolder(folder), { host: 'box', process: 7, now: () => 1_700_000_000_000 });
// Both are there before either begins.
process.stdout.write('ready\n');
await new Promise((resolve) => process.stdin.once('data', resolve));
for (let step = 0; step < Number(steps); step++)
  await writer.write(step, [{ kind: 'text', tag, text: `${tag} ${step} `.repeat(500) }]);
await writer.close();
process.stdin.destroy();
