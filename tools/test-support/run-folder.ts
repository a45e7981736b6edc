import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * One folder a test run, removed at its end. All its processes see it (require.ts says each missing component once by it), and have it as
 * the system's folder for temporary files: whatever a test, a browser or a stopped command leaves behind goes with it.
 */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'seewhy-test-'));
  // Some commands are tried as a user without rights, who must get through to what lies inside.
  chmodSync(folder, 0o755);
  process.env.SEEWHY_TEST_RUN = folder;
  // The names it has on POSIX and on Windows.
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = folder;
  // Tests load ONNX Runtime themselves, and tell its makers nothing either.
  process.env.ORT_DISABLE_TELEMETRY = '1';
  return () => rmSync(folder, { recursive: true, force: true });
}
