/**
 * Holds imported networks of keras.applications against Keras's own predictions, one line each.
 *   npx tsx tools/keras/verify.ts [NAME…] [--json FILE]
 * applications.py makes the files.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kerasFolder } from './folder.ts';
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
if (json) writeFileSync(json, `${JSON.stringify(results, null, 2)}\n`);
process.exitCode = results.length > 0 && results.every(({ passed }) => passed) ? 0 : 1;
