import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folder, model, photo, seewhy } from './seewhy.ts';

/** A home without anything in it, and a process that was told nothing of telemetry. */
function home(): { path: string; env: Record<string, string> } {
  const path = folder('home');
  const places = { HOME: path, USERPROFILE: path, XDG_CACHE_HOME: join(path, 'cache'), TMPDIR: join(path, 'tmp') };
  for (const place of Object.values(places)) mkdirSync(place, { recursive: true });
  return { path, env: { ...places, ORT_DISABLE_TELEMETRY: undefined as unknown as string } };
}

describe('the telemetry of ONNX Runtime', () => {
  it('is off: nothing is written to the home or the folder for temporary files', async () => {
    const { path, env } = home();
    const out = folder('telemetry');
    const ran = await seewhy(
      ['explain', model('tiny-cnn'), photo('chelsea.png'), '-o', out, '--preprocess', 'imagenet'],
      {
        env,
      },
    );
    expect(ran.code).toBe(0);
    const written = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(written.map(({ parentPath, name }) => join(parentPath, name))).toEqual([]);
  });

  it('is what doctor says it is', async () => {
    const { env } = home();
    expect((await seewhy(['doctor'], { env })).stdout).toMatch(/telemetry +off: nothing leaves this machine/);
    const asked = await seewhy(['doctor'], { env: { ...env, ORT_DISABLE_TELEMETRY: '0' } });
    expect(asked.stdout).toMatch(/telemetry +ORT_DISABLE_TELEMETRY=0: ONNX Runtime may send/);
    expect(asked.stdout).toMatch(/Unset ORT_DISABLE_TELEMETRY/);
  });
});
