import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One folder a test run, seen by all its processes (require.ts says each missing component once by it). */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'seewhy-test-'));
  process.env.SEEWHY_TEST_RUN = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
