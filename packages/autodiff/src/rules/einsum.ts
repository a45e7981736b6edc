import type { ValueName } from '@seewhy/onnx';
import type { Rule, RuleStep } from '../rule.ts';
import type { Dim } from '../shape.ts';

interface Equation {
  /** Axis labels of each operand; an ellipsis is written out in fresh labels. */
  operands: string[];
  result: string;
}

/**
 * y = Einsum(x₀, x₁, …): the gradient of an operand is the Einsum of g and the other operands onto its labels. A label that only
 * this operand has (summed away) is stretched back.
 */
export const einsum: Rule = (s) => {
  const equation = parse(s);
  const sizes = labelSizes(s, equation);
  return equation.operands.map((labels, index) => {
    if (!s.needs(index)) return null;
    const others = equation.operands.flatMap((other, position) =>
      position === index ? [] : [{ labels: other, position }],
    );
    const present = new Set([equation.result, ...others.map((other) => other.labels)].join(''));
    const kept = [...labels].filter((label) => present.has(label)).join('');
    const lost = [...labels].flatMap((label, axis) => (present.has(label) ? [] : [axis]));
    const terms = [equation.result, ...others.map((other) => other.labels)];
    const inputs: ValueName[] = [s.g, ...others.map((other) => s.x(other.position))];
    const gradient =
      terms.length === 1 && terms[0] === kept
        ? s.g
        : s.b.op('Einsum', inputs, { equation: `${terms.join(',')}->${kept}` });
    if (lost.length === 0) return gradient;
    const stretched = [...labels].map((label) => {
      if (present.has(label)) return 1;
      const size = sizes.get(label)!;
      if (typeof size !== 'number') throw s.refuse(`it sums over the batch`);
      return size;
    });
    return s.b.expand(s.b.unsqueeze(gradient, lost), stretched);
  });
};

function parse(s: RuleStep): Equation {
  const text = s.node.attribute.string('equation', '').replaceAll(' ', '');
  const [left = '', right] = text.split('->') as [string, string | undefined];
  let terms = left.split(',');
  const used = new Set([...text].filter((letter) => /[a-zA-Z]/.test(letter)));
  const free = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'].filter((letter) => !used.has(letter));
  const extent = terms.map((term, index) => (term.includes('...') ? s.rank(s.x(index)) - (term.length - 3) : 0));
  const wide = Math.max(...extent);
  const dots = free.slice(0, wide).join('');
  terms = terms.map((term, index) => term.replace('...', dots.slice(wide - extent[index]!)));
  if (terms.some((term) => new Set(term).size !== term.length)) throw s.refuse('a label is repeated within an operand');
  if (right !== undefined) return { operands: terms, result: right.replace('...', dots) };
  const letters = [...terms.join('')].filter((letter) => !dots.includes(letter));
  const single = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).sort();
  return { operands: terms, result: dots + single.join('') };
}

function labelSizes(s: RuleStep, equation: Equation): Map<string, Dim> {
  const sizes = new Map<string, Dim>();
  equation.operands.forEach((labels, index) => {
    const shape = s.shape(s.x(index));
    [...labels].forEach((label, axis) => {
      const size = shape[axis]!;
      const before = sizes.get(label);
      if (before !== undefined && (before === 1) !== (size === 1)) throw s.refuse(`its label '${label}' is broadcast`);
      sizes.set(label, size);
    });
  });
  return sizes;
}
