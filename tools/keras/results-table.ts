import { readFileSync } from 'node:fs';
import type { NetworkRecord, NetworkResult } from './verify-network.ts';

/** What verify.ts found, and when. */
export type MeasuredNetwork = NetworkResult & { readonly date: string };

type Framework = NetworkRecord['framework'];

/** Every network of keras.applications, as `applications.py --list` writes them. */
type Networks = Readonly<Record<Framework, { readonly version: string; readonly networks: readonly string[] }>>;

const read = (name: string) => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as unknown;

/** The table of keras.applications for FEATURES.md: a row for each network, also where nothing was measured. */
export function resultsTable(): string {
  const networks = read('networks.json') as Networks;
  const measured = read('results.json') as MeasuredNetwork[];
  const found = new Map(measured.map((one) => [`${one.name}.${one.framework}`, one]));
  const frameworks = Object.keys(networks) as Framework[];
  const names = [...new Set(frameworks.flatMap((framework) => networks[framework].networks))].sort();
  const all = frameworks.flatMap((framework) => networks[framework].networks.map((name) => `${name}.${framework}`));
  const passed = all.filter((name) => found.get(name)?.passed);
  const gradients = passed.filter((name) => found.get(name)!.gradientError !== undefined);
  const versions = frameworks.map(
    (framework) => `${networks[framework].networks.length} of ${framework} ${networks[framework].version}`,
  );
  const dates = measured.map(({ date }) => date).sort();
  return [
    `${passed.length} of ${all.length} networks (${versions.join(', ')}) predict what Keras predicts, ${gradients.length} of them were held against TensorFlow's gradient, too. Measured ${[...new Set([dates[0], dates.at(-1)])].join(' to ')}.`,
    '',
    `| network | ${frameworks.map((framework) => `${framework}: prediction | gradient | TensorFlow's own`).join(' | ')} |`,
    `| --- |${' --- |'.repeat(3 * frameworks.length)}`,
    ...names.map((name) => {
      const cells = frameworks.flatMap((framework) =>
        networks[framework].networks.includes(name) ? cellsOf(found.get(`${name}.${framework}`)) : ['', '', ''],
      );
      return `| ${name} | ${cells.join(' | ')} |`;
    }),
  ].join('\n');
}

const figure = (value: number | null | undefined) =>
  value === undefined || value === null || Number.isNaN(value) ? '–' : value.toExponential(1);

function cellsOf(one: MeasuredNetwork | undefined): string[] {
  if (!one) return ['not measured', '–', '–'];
  // Against float64 where float32 leaves Keras itself fewer digits.
  const prediction =
    one.exactError === undefined
      ? figure(one.error)
      : `${figure(one.exactError)} (Keras's own ${figure(one.ownError)})`;
  const failed = one.passed ? '' : ` **${one.message ?? 'beyond bounds'}**`;
  return [`${prediction}${failed}`, figure(one.gradientError), figure(one.ownGradientError)];
}
