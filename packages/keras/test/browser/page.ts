import { importKeras } from '@seewhy/keras';
import { fixtureBytes, fixturePicture, ortInPage } from '../../../../tools/test-support/in-page.ts';
import { KINDS, type Outcome, pattern, perform } from './subject.ts';

async function filesOf(kind: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of KINDS[kind]!) files.set(name.split('/').at(-1)!, await fixtureBytes(`keras/${name}`));
  return files;
}

/** Explains a photo below fixtures/, or the pattern, with a model's files. */
async function explainInPage(kind: string, device: string, photo: string | undefined): Promise<Outcome> {
  const picture = photo ? await fixturePicture(photo) : pattern();
  return perform(await ortInPage(device), device, await filesOf(kind), picture);
}

/** The code of the error for a file that is no model. */
async function refusalInPage(path: string): Promise<string> {
  try {
    await importKeras(await fixtureBytes(path));
    return 'none';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const globals = { explainInPage, refusalInPage };
export type PageGlobals = typeof globals;
Object.assign(globalThis, globals);
