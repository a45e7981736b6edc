import { type Gate, parseGate } from '../../gate.ts';
import type { GateResult } from '../audit-gate.ts';
import { compareErrors } from './compare-errors.ts';
import type { Compared } from './compare-runs.ts';

/** A figure that `--fail-on` can ask for. */
interface GateFigure {
  readonly value: number | null;
  /** For people. */
  readonly text: string;
}

/**
 * Everything that `--fail-on` can ask of a comparison, by name: `accuracy_difference` (B − A), `accuracy_low`, `accuracy_high` (its 95 %
 * interval), `accuracy_p`, `accuracy_a`, `accuracy_b`, so of every metric, those of one class or method as `f1_difference(cat)`;
 * `flips_to_wrong`, `flips_to_right`, `net_flips` (to right less to wrong), `joined`, `only_a`, `only_b`.
 */
export function compareFigures(
  compared: Pick<Compared, 'metrics' | 'flips' | 'joined'>,
): ReadonlyMap<string, GateFigure> {
  const figures = new Map<string, GateFigure>();
  const add = (name: string, value: number | null, text = shown(value)) => figures.set(name, { value, text });
  for (const { name, a, b, difference } of compared.metrics) {
    const [, head, argument] = /^(.*?)(\(.*\))?$/s.exec(name)!;
    const named = (part: string) => `${head}_${part}${argument ?? ''}`;
    const interval = difference.low === null ? '' : ` (${shown(difference.low)} to ${shown(difference.high)})`;
    add(named('difference'), difference.value, `${shown(difference.value)}${interval}`);
    add(named('low'), difference.low);
    add(named('high'), difference.high);
    add(named('p'), difference.p);
    add(named('a'), a.value);
    add(named('b'), b.value);
  }
  const { flips, joined } = compared;
  add('flips_to_wrong', flips.toWrong);
  add('flips_to_right', flips.toRight);
  add('net_flips', flips.toRight - flips.toWrong);
  add('joined', joined.pictures);
  add('only_a', joined.onlyA);
  add('only_b', joined.onlyB);
  return figures;
}

/** @throws GATE_INVALID for what this comparison does not measure, with the nearest names */
export function parseCompareGate(text: string, figures: ReadonlyMap<string, GateFigure>): Gate {
  const names = [...figures.keys()];
  const plain = names.filter((name) => !name.includes('('));
  return parseGate(text, plain, {
    numbersOnly: true,
    unknown: (name) => compareErrors.gateField(name, [...plain, ...names]),
    call: (name, words) => {
      const asked = `${name}(${words.join(', ')})`;
      const found = names.find((one) => plainly(one) === plainly(asked));
      if (!found)
        throw compareErrors.gateField(
          asked,
          names.filter((one) => one.includes('(')),
        );
      return found;
    },
  });
}

const plainly = (text: string): string => text.toLowerCase().replace(/[\s_-]+/g, '');

/** Whether a gate fails. One that looks at a figure which has no value fails: nobody can say that it holds. */
export function askCompareGate(gate: Gate, figures: ReadonlyMap<string, GateFigure>): GateResult {
  const read = gate.reads.map((name) => ({ name, figure: figures.get(name) }));
  const missing = read.some(({ figure }) => (figure?.value ?? null) === null);
  const values = Object.fromEntries([...figures].map(([name, { value }]) => [name, value]));
  const reason = read
    .map(({ name, figure }) =>
      (figure?.value ?? null) === null ? `${name} is not defined` : `${name} = ${figure!.text}`,
    )
    .join(', ');
  return { condition: gate.text, failed: missing || gate.fails(values), reason };
}

export const shown = (value: number | null): string =>
  value === null ? '–' : Number.isInteger(value) ? String(value) : value.toPrecision(3);
