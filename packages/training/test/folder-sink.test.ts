import { expect, it } from 'vitest';
import { MemoryFolder } from '../src/index.ts';
import { folderSink } from '../src/sinks/folder-sink.ts';

it('what was begun is taken out by its step and tag: another series of that step stays', async () => {
  const folder = new MemoryFolder();
  const lines = [
    '{"step":3,"tag":"a"}',
    '{"step":4,"tag":"a"}',
    '{"step":4,"tag":"best/a"}',
    '{"step":5,"tag":"best/a"}',
  ];
  // The last line was cut off.
  await folder.write('explanations.jsonl', new TextEncoder().encode(`${lines.join('\n')}\n{"step":4,"ta`));
  await folderSink(folder).again!(4, new Set(['best/a', 'best/b']));
  const left = new TextDecoder().decode(await folder.read('explanations.jsonl'));
  expect(left).toBe(`${[lines[0], lines[1], lines[3]].join('\n')}\n`);
});
