/**
 * Holds imported networks of keras.applications against Keras's own predictions, one line each.
 *   npx tsx tools/keras/verify.ts [NAME…] [--json FILE]
 * applications.py makes the files. What FILE has of networks that are not measured now stays there.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kerasFolder } from './folder.ts';
import type { MeasuredNetwork } from './results-table.ts';
import { type NetworkRecord, type NetworkResult, verifyNetwork } from './verify-network.ts';

const folder = kerasFolder();
const args = process.argv.slice(2);
const jsonAt = args.indexOf('--json');
const json = jsonAt >= 0 ? args.splice(jsonAt, 2)[1] : undefined;
if (!existsSync(folder)) throw new Error(`There is no folder ${folder}: run tools/keras/applications.py first`);
const records = readdirSync(folder)
  .filter((file) => /\.(tf_)?keras\.json$/.test(file))
  .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as NetworkRecord)
  .filter(
    ({ name, framework }) =>
      args.length === 0 || args.some((wanted) => wanted === name || wanted === `${name}.${framework}`),
  );
const results: NetworkResult[] = [];
for (const record of records) {
  const result = await verifyNetwork(folder, record);
  results.push(result);
  // After each: a run takes a quarter of an hour.
  if (json) keep(json, result);
  const exact =
    result.exactError === undefined
      ? ''
      : ` against float64 ${result.exactError.toExponential(1)} (allowed ${result.exactAllowed!.toExponential(1)})`;
  const gradient =
    result.gradientError === undefined
      ? ''
      : ` gradient ${result.gradientError.toExponential(1)} (allowed ${result.gradientAllowed!.toExponential(1)})`;
  console.log(
    `${result.passed ? 'ok  ' : 'FAIL'} ${`${result.name}.${result.framework}`.padEnd(30)} ${Number.isNaN(result.error) ? 'error  ' : result.error.toExponential(1)}${exact}${gradient} ${result.nodes} nodes, ${result.transposes} transposes, ${result.seconds.toFixed(1)} s ${result.message ?? ''}`,
  );
}
console.log(`${results.filter(({ passed }) => passed).length} of ${results.length} equal Keras`);
process.exitCode = results.length > 0 && results.every(({ passed }) => passed) ? 0 : 1;

/** Puts a result into a file of results, in place of an earlier one of the same network. */
function keep(file: string, result: NetworkResult): void {
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as MeasuredNetwork[]) : [];
  const date = new Date().toISOString().slice(0, 10);
  const nameOf = ({ name, framework }: NetworkResult) => `${name}.${framework}`;
  const all = new Map([...before, { ...result, date }].map((one) => [nameOf(one), one]));
  const sorted = [...all.values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`);
}
