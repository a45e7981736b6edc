/** ONNX Runtime's own switch, read when it makes its first session. */
export const TELEMETRY_SWITCH = 'ORT_DISABLE_TELEMETRY';

/**
 * From 1.29 on onnxruntime-node sends usage events to its makers, and keeps an identifier and a database in the user's cache folder: that is
 * switched off, unless the environment says otherwise. There is nothing to switch off in a browser.
 */
export function withoutTelemetry(): void {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  if (process?.env && process.env[TELEMETRY_SWITCH] === undefined) process.env[TELEMETRY_SWITCH] = '1';
}
