/**
 * Holds seewhy's input gradient against the framework's float64 one on every exported model (or those named), one line each.
 *   npx tsx tools/architectures/verify.ts [NAME…] [--json FILE]
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type ArchitectureResult, readRecord, verifyArchitecture } from './verify-architecture.ts';

const folder = process.env.SEEWHY_ARCHITECTURES ?? join(homedir(), '.cache', 'seewhy', 'architectures');
const args = process.argv.slice(2);
const jsonAt = args.indexOf('--json');
const json = jsonAt >= 0 ? args.splice(jsonAt, 2)[1] : undefined;
const records = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => readRecord(folder, file))
  .filter(
    (record) =>
      args.length === 0 || args.some((name) => record.name === name || `${record.name}.${record.exporter}` === name),
  );
const results: ArchitectureResult[] = [];
for (const record of records) {
  const result = await verifyArchitecture(folder, record);
  results.push(result);
  const figure = Number.isNaN(result.error) ? 'error  ' : result.error.toExponential(1);
  console.log(
    `${result.passed ? 'ok  ' : 'FAIL'} ${`${result.name}.${result.exporter}`.padEnd(40)} ${figure} (framework ${result.frameworkError.toExponential(1)}) ${result.seconds.toFixed(1)} s ${result.message ?? ''}`,
  );
}
console.log(`${results.filter((result) => result.passed).length} of ${results.length} within bounds`);
if (json) writeFileSync(json, `${JSON.stringify(results, null, 2)}\n`);
process.exitCode = results.every((result) => result.passed) ? 0 : 1;
