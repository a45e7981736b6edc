import { attributesFrom, float, type Graph, Node, Tensor, Value } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { fusePatterns } from '../src/patterns.ts';
import { GRADIENT_RULES } from '../src/rules/table.ts';
import { checkRule, type OpCase, opGraph } from './harness.ts';

/** A graph in lines `out = Op(in, in, 0.5)`: x is the image side, numbers are scalar constants, names with ~ are constant vectors. */
function written(
  lines: string,
  options: { opset?: number; shape?: number[]; vector?: number[]; attributes?: Record<string, object> } = {},
): OpCase {
  const constants: Tensor[] = [];
  const constant = (tensor: Tensor) => `c${constants.push(tensor)}`;
  const vectors = new Map<string, string>();
  const length = (options.vector ?? [4]).reduce((a, b) => a * b, 1);
  const nodes = lines
    .trim()
    .split('\n')
    .map((line) => {
      const [, output, op, args] = /^\s*(\w+) = (\w+)\((.*)\)$/.exec(line)!;
      const inputs = args!.split(', ').map((arg) => {
        if (arg.startsWith('[')) return constant(Tensor.int64(JSON.parse(arg) as number[]));
        if (arg.startsWith('~')) {
          const values = Array.from({ length }, (_, index) => 0.5 + 0.1 * index);
          if (!vectors.has(arg)) vectors.set(arg, constant(Tensor.floats(values, options.vector ?? [4])));
          return vectors.get(arg)!;
        }
        if (arg === 'x') return 'x0';
        return Number.isNaN(Number(arg)) ? arg : constant(Tensor.floats([Number(arg)], []));
      });
      const attributes = attributesFrom((options.attributes?.[output!] ?? {}) as Record<string, number>);
      return new Node({ op: op!, inputs, outputs: [output === 'y' ? 'y0' : output!], attributes });
    });
  return {
    op: 'written',
    opset: options.opset ?? 17,
    nodes,
    inputs: [
      { variable: options.shape ?? [2, 3, 4], low: -2, high: 2 },
      ...constants.map((tensor) => ({ constant: tensor })),
    ],
  };
}

const fused = (c: OpCase, keep: string[] = []) => kinds(opGraph(c), keep);
const kinds = (graph: Graph, keep: string[] = []) =>
  fusePatterns(graph, { keep: new Set(['y0', 'x0', ...keep]), rules: GRADIENT_RULES }).map((node) => node.type);

const GELU: Record<string, string> = {
  'TorchScript exporter': `
    a = Div(x, 1.4142135381698608)
    e = Erf(a)
    p = Add(e, 1)
    m = Mul(x, p)
    y = Mul(m, 0.5)`,
  'dynamo exporter': `
    a = Div(x, 1.4142135)
    e = Erf(a)
    p = Add(e, 1)
    m = Mul(x, p)
    y = Mul(0.5, m)`,
  'tf2onnx, half first': `
    h = Mul(x, 0.5)
    a = Mul(x, 0.70710677)
    e = Erf(a)
    p = Add(1, e)
    y = Mul(h, p)`,
  'half on the bracket': `
    a = Div(x, 1.4142135)
    e = Erf(a)
    p = Add(e, 1)
    h = Div(p, 2)
    y = Mul(x, h)`,
  'half inside the bracket': `
    a = Mul(x, 0.70710677)
    e = Erf(a)
    h = Mul(e, 0.5)
    p = Add(h, 0.5)
    y = Mul(x, p)`,
};
const TANH: Record<string, string> = {
  'TorchScript exporter': `
    s = Mul(x, x)
    c = Mul(x, s)
    k = Mul(c, 0.044715)
    u = Add(x, k)
    v = Mul(u, 0.7978845608)
    t = Tanh(v)
    p = Add(t, 1)
    q = Mul(x, p)
    y = Mul(q, 0.5)`,
  'dynamo exporter': `
    c = Pow(x, 3)
    k = Mul(0.044715, c)
    u = Add(x, k)
    v = Mul(0.7978845608, u)
    t = Tanh(v)
    p = Add(t, 1)
    q = Mul(x, p)
    y = Mul(0.5, q)`,
  'Hugging Face gelu_fast': `
    r = Mul(x, 0.7978845608)
    k = Mul(x, 0.044715)
    s = Mul(k, x)
    u = Add(s, 1)
    v = Mul(r, u)
    t = Tanh(v)
    p = Add(t, 1)
    h = Mul(x, 0.5)
    y = Mul(h, p)`,
};
const HARD_SWISH: Record<string, string> = {
  'ReLU6 by Clip': `
    a = Add(x, 3)
    c = Clip(a, 0, 6)
    m = Mul(x, c)
    y = Div(m, 6)`,
  'divided before': `
    a = Add(3, x)
    c = Clip(a, 0, 6)
    d = Div(c, 6)
    y = Mul(d, x)`,
  'ReLU6 by Relu and Min, sixth as a factor': `
    a = Add(x, 3)
    r = Relu(a)
    c = Min(r, 6)
    d = Mul(c, 0.16666667)
    y = Mul(x, d)`,
};

describe('patterns', () => {
  for (const [name, lines] of Object.entries(GELU))
    it(`GELU: ${name}`, async () => {
      expect(fused(written(lines))).toEqual(['seewhy.Gelu']);
      await checkRule(written(lines));
    });
  for (const [name, lines] of Object.entries(TANH))
    it(`GELU, tanh form: ${name}`, async () => {
      expect(fused(written(lines))).toEqual(['seewhy.Gelu']);
      await checkRule(written(lines));
    });
  for (const [name, lines] of Object.entries(HARD_SWISH))
    it(`HardSwish: ${name}`, async () => {
      expect(fused(written(lines))).toEqual(['seewhy.HardSwish']);
      await checkRule(written(lines));
    });

  it('HardSwish: x · HardSigmoid(x), only with slope 1/6', async () => {
    const form = (alpha: number) => {
      const c = written('h = HardSigmoid(x)\ny = Mul(x, h)');
      return { ...c, nodes: [Node.make('HardSigmoid', ['x0'], ['h'], attributesOf(alpha)), c.nodes![1]!] };
    };
    expect(fused(form(1 / 6))).toEqual(['seewhy.HardSwish']);
    expect(fused(form(0.2))).toEqual(['HardSigmoid', 'Mul']);
    await checkRule(form(1 / 6));
    await checkRule(form(0.2));
  });

  it('SiLU in both orders, Swish with a slope, Mish', async () => {
    for (const [lines, op] of [
      ['s = Sigmoid(x)\ny = Mul(x, s)', 'Silu'],
      ['s = Sigmoid(x)\ny = Mul(s, x)', 'Silu'],
      ['a = Mul(x, 1.702)\ns = Sigmoid(a)\ny = Mul(x, s)', 'Swish'],
      ['p = Softplus(x)\nt = Tanh(p)\ny = Mul(x, t)', 'Mish'],
    ] as const) {
      expect(fused(written(lines))).toEqual([`seewhy.${op}`]);
      await checkRule(written(lines));
    }
  });

  const LAYER_NORM = `
    m = ReduceMean(x)
    d = Sub(x, m)
    p = Pow(d, 2)
    v = ReduceMean(p)
    w = Add(v, 1e-5)
    s = Sqrt(w)
    n = Div(d, s)
    g = Mul(n, ~scale)
    y = Add(g, ~bias)`;
  const meansOver = (axes: number[]) => ({ m: { axes }, v: { axes } });

  it('LayerNormalization over the last axis, and over channels', async () => {
    for (const [axes, vector] of [
      [[-1], [4]],
      [[1], [3, 1]],
      [
        [1, 2],
        [3, 4],
      ],
    ] as const) {
      const c = written(LAYER_NORM, { attributes: meansOver([...axes]), vector: [...vector] });
      expect(fused(c)).toEqual(['seewhy.LayerNormalization']);
      await checkRule(c);
      await checkRule({ ...c, profile: 'webgpu' });
    }
  });

  it('LayerNormalization with the axes as an input, a square as a product, a reciprocal root', async () => {
    const c = written(
      `
    m = ReduceMean(x, [-1])
    d = Sub(x, m)
    p = Mul(d, d)
    v = ReduceMean(p, [-1])
    w = Add(1e-5, v)
    s = Sqrt(w)
    r = Reciprocal(s)
    y = Mul(d, r)`,
      { opset: 18 },
    );
    expect(fused(c)).toEqual(['seewhy.LayerNormalization']);
    await checkRule(c);
  });

  it('leaves a LayerNormalization whose means differ in their axes', () => {
    const c = written(LAYER_NORM, { attributes: { m: { axes: [-1] }, v: { axes: [1] } } });
    expect(fused(c)).not.toContain('seewhy.LayerNormalization');
  });

  it('leaves a group of which an inner value is read elsewhere, kept, or an output', () => {
    const lines = 's = Sigmoid(x)\ny = Mul(x, s)';
    expect(fused(written(lines), ['s'])).toEqual(['Sigmoid', 'Mul']);
    expect(fused(written(`${lines}\nz = Relu(s)`))).toEqual(['Sigmoid', 'Mul', 'Relu']);
    const graph = opGraph(written(lines));
    expect(kinds(graph.with({ outputs: [...graph.outputs, new Value('s')] }))).toEqual(['Sigmoid', 'Mul']);
  });

  it('leaves what only looks like it: other constants, another variable', () => {
    expect(fused(written('a = Add(x, 2)\nc = Clip(a, 0, 6)\nm = Mul(x, c)\ny = Div(m, 6)'))).not.toContain(
      'seewhy.HardSwish',
    );
    expect(fused(written('z = Neg(x)\ns = Sigmoid(z)\ny = Mul(x, s)'))).toEqual(['Neg', 'Sigmoid', 'Mul']);
    expect(fused(written('s = Sigmoid(x)\nm = Mul(x, s)\ny = Mul(m, 2)'))).toEqual(['seewhy.Silu', 'Mul']);
  });

  it('finds a SiLU whose input is itself a product', async () => {
    const c = written('z = Mul(x, ~gate)\ns = Sigmoid(z)\ny = Mul(z, s)');
    expect(fused(c)).toEqual(['Mul', 'seewhy.Silu']);
    await checkRule(c);
  });
});

function attributesOf(alpha: number) {
  return { alpha: float(alpha), beta: float(0.5) };
}
