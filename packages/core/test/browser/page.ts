import { fixtureBytes, fixturePicture, ortInPage } from '../../../../tools/test-support/in-page.ts';
import { type Outcome, perform, type Task } from './subject.ts';

/** Does a task in the page; the test calls it from outside. */
async function explainInPage(device: string, task: Task): Promise<Outcome[]> {
  const picture = task.photo ? await fixturePicture(task.photo) : undefined;
  return perform(await ortInPage(device), device, task, await fixtureBytes(task.model), picture);
}

/** Work handed to the graphics device since the page was opened. */
let submissions = 0;
if ('GPUQueue' in globalThis) {
  const { prototype } = (globalThis as unknown as { GPUQueue: { prototype: { submit(buffers: unknown): void } } })
    .GPUQueue;
  const { submit } = prototype;
  prototype.submit = function (buffers) {
    submissions++;
    submit.call(this, buffers);
  };
}

const globals = { explainInPage, submissions: () => submissions };
export type PageGlobals = typeof globals;
Object.assign(globalThis, globals);
