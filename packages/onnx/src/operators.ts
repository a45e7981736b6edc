import { OPERATOR_TABLE } from './operators.generated.ts';

/** What the standard says about one operator of the standard domain, over all its versions. */
export interface Operator {
  readonly name: string;
  /** The opset versions that introduced or changed it, ascending. */
  readonly versions: readonly number[];
  /** The version that removed it, if any (Upsample, Scatter). */
  readonly removed: number | undefined;
  readonly leastInputs: number;
  readonly mostInputs: number;
  readonly mostOutputs: number;
  /** Attribute → letters of the types it may have: i f s t g p y, capitals for lists. */
  readonly attributes: ReadonlyMap<string, string>;
}

let table: ReadonlyMap<string, Operator> | undefined;

/** The operators of the standard domain by name; read from the generated table on first use. */
export function operators(): ReadonlyMap<string, Operator> {
  table ??= new Map(
    OPERATOR_TABLE.split('\n').map((line) => {
      const [name = '', versions = '', counts = '', ...attributes] = line.split(' ');
      const removed = /(\d+)x/.exec(versions)?.[1];
      const [, least, most, outputs] = /^(\d+)-(\d+|\*)>(\d+|\*)$/.exec(counts)!;
      const number = (text: string | undefined) => (text === '*' ? Number.POSITIVE_INFINITY : Number(text));
      return [
        name,
        {
          name,
          versions: versions.split(',').map((version) => Number.parseInt(version, 10)),
          removed: removed === undefined ? undefined : Number(removed),
          leastInputs: number(least),
          mostInputs: number(most),
          mostOutputs: number(outputs),
          attributes: new Map(attributes.map((entry) => entry.split(':') as [string, string])),
        },
      ];
    }),
  );
  return table;
}

/**
 * Versions from which the form before is no longer read the same way. All other changes widened types or added optional parts.
 * Source: docs/Changelog.md of the onnx package.
 */
const BREAKING: Readonly<Record<string, readonly number[]>> = {
  BatchNormalization: [14],
  Clip: [11],
  DFT: [20],
  Dropout: [12],
  GridSample: [20],
  GroupNormalization: [21],
  Hardmax: [13],
  LogSoftmax: [13],
  OneHot: [11],
  Pad: [11],
  ReduceSum: [13],
  Resize: [11],
  Slice: [10],
  Softmax: [13],
  Split: [13, 18],
  Squeeze: [13],
  TopK: [10],
  Unsqueeze: [13],
};
const REDUCTIONS_WITH_INPUT = 18;

/** True when a node of one opset version may not stand in a model of another: the op is unknown to one or changed its form in between. */
export function changedBetween(op: string, a: number, b: number): boolean {
  const operator = operators().get(op);
  const [low, high] = a < b ? [a, b] : [b, a];
  if (!operator || operator.versions[0]! > low || (operator.removed ?? Number.POSITIVE_INFINITY) <= high) return true;
  const breaks = BREAKING[op] ?? (op.startsWith('Reduce') ? [REDUCTIONS_WITH_INPUT] : []);
  return breaks.some((version) => version > low && version <= high);
}
