import { Graph, graphToProto, Node, Tensor, Value, type ValueName } from '@seewhy/onnx';
import type { Gradients, Rule, RuleStep, RuleTable } from '../rule.ts';

/** What one direction of a layer is made of; sequences are `[T, N, …]`, weights as the operator has them without their first axis. */
interface Direction {
  /** The input's part of the pre-activations x·Wᵀ + Wb, gate after gate `[T, N, gates·H]`. */
  readonly fromInput: () => ValueName;
  /** States before each step and after it `[T, N, H]`. */
  readonly before: ValueName;
  readonly after: ValueName;
  /** Recurrent weights `[gates·H, H]` and their biases `[gates·H]`. */
  readonly r: ValueName;
  readonly rb: ValueName | undefined;
  /** First memory of an LSTM `[N, H]`. */
  readonly memory: ValueName;
  readonly hidden: number;
  readonly backwards: boolean;
}

/** A cell's backward step. With d the gradient of the state after it, the body makes those of the pre-activations and of the states before. */
interface Backward {
  /** Sequences that the body reads, in order: behind the states and the gradient of Y. */
  readonly reads: readonly ValueName[];
  /** Nodes from `states`, `g` and `reads` to `before` (gradients of the states before the step) and `z` (of the pre-activations by the input). */
  readonly body: (
    b: Body,
    states: readonly ValueName[],
    g: ValueName,
    reads: readonly ValueName[],
  ) => { before: ValueName[]; z: ValueName };
}

/**
 * A cell as its operator defines it. The states after each step are the layer's own output, so all gates of all steps are made again at once;
 * only what runs from step to step is a Scan.
 */
interface Cell {
  readonly gates: number;
  readonly activations: readonly string[];
  /** 1: a state; 2: a state and a memory. */
  readonly states: number;
  readonly backward: (s: RuleStep, direction: Direction) => Backward;
}

/** Nodes of a Scan's body; names are new in the whole graph, and values from outside are read by name. */
class Body {
  readonly nodes: Node[] = [];
  constructor(private readonly fresh: (hint: string) => string) {}
  op(op: string, inputs: readonly ValueName[], attributes: Record<string, number> = {}): ValueName {
    const output = this.fresh(`step/${op}`);
    this.nodes.push(Node.make(op, inputs, [output], attributes, { name: output }));
    return output;
  }
}

const sigmoid = (s: RuleStep, x: ValueName) => s.b.op('Sigmoid', [x]);
/** k(1 - k): the slope of a sigmoid by its value. */
const sigmoidSlope = (s: RuleStep, y: ValueName) => s.b.mul(y, s.b.sub(s.scalar(1), y));
/** 1 - k²: that of a tanh. */
const tanhSlope = (s: RuleStep, y: ValueName) => s.b.sub(s.scalar(1), s.b.mul(y, y));

/** The state's part of the pre-activations, of all gates or one. */
function recurrentPart(s: RuleStep, d: Direction, from: ValueName, gate?: number): ValueName {
  const { b } = s;
  const part = (x: ValueName) => (gate === undefined ? x : b.slice(x, [gate * d.hidden], [(gate + 1) * d.hidden], [0]));
  const product = b.matmul(from, b.transpose(part(d.r), [1, 0]));
  return d.rb === undefined ? product : b.add(product, part(d.rb));
}

/** h' = tanh(z): dz = d(1 - h'²), dh = dz·R. */
const rnn: Cell = {
  gates: 1,
  activations: ['Tanh'],
  states: 1,
  backward: (s, d) => ({
    reads: [tanhSlope(s, d.after)],
    body: (b, [state], g, [slope]) => {
      const z = b.op('Mul', [b.op('Add', [state!, g]), slope!]);
      return { before: [b.op('MatMul', [z, d.r])], z };
    },
  }),
};

/**
 * i, o, f = σ(z), c̃ = tanh(z), c' = f·c + i·c̃, h' = o·tanh(c'): with e = dc + d·o(1 - tanh²c'), the gates' pre-activations have
 * e·c̃·i(1-i), d·tanh(c')·o(1-o), e·c·f(1-f) and e·i(1-c̃²), the memory before has e·f.
 */
const lstm: Cell = {
  gates: 4,
  activations: ['Sigmoid', 'Tanh', 'Tanh'],
  states: 2,
  backward: (s, d) => {
    const { b } = s;
    const z = b.add(d.fromInput(), recurrentPart(s, d, d.before));
    const [zi, zo, zf, zc] = b.split(z, Array(4).fill(d.hidden), 2) as [string, string, string, string];
    const [i, o, f] = [zi, zo, zf].map((gate) => sigmoid(s, gate)) as [string, string, string];
    const fresh = b.op('Tanh', [zc]);
    const [before, after] = memories(s, d, f, b.mul(i, fresh));
    const memory = b.op('Tanh', [after]);
    const slopes = [
      b.mul(fresh, sigmoidSlope(s, i)),
      b.mul(memory, sigmoidSlope(s, o)),
      b.mul(before, sigmoidSlope(s, f)),
      b.mul(i, tanhSlope(s, fresh)),
    ];
    return {
      reads: [b.mul(o, tanhSlope(s, memory)), f, b.concat(slopes, 2)],
      body: (body, [state, inner], g, [through, kept, slope]) => {
        const h = body.op('Add', [state!, g]);
        const e = body.op('Add', [inner!, body.op('Mul', [h, through!])]);
        const dz = body.op('Mul', [body.op('Concat', [e, h, e, e], { axis: 1 }), slope!]);
        return { before: [body.op('MatMul', [dz, d.r]), body.op('Mul', [e, kept!])], z: dz };
      },
    };
  },
};

/** Memories before and after each step, c' = f·c + a. */
function memories(s: RuleStep, d: Direction, f: ValueName, a: ValueName): [ValueName, ValueName] {
  return scan(s, [d.memory], [f, a], d.backwards, (body, [c], [keep, add]) => {
    const next = body.op('Add', [body.op('Mul', [c!, keep!]), add!]);
    return { states: [next], outputs: [body.op('Identity', [c!]), body.op('Identity', [next])] };
  }).outputs as [ValueName, ValueName];
}

/**
 * u, r = σ(z), n = tanh(x + r·(h·Rₙᵀ + bₙ)) or, with linear_before_reset = 0, tanh(x + (r·h)·Rₙᵀ + bₙ), h' = (1-u)·n + u·h: then d(h - n)u(1-u) for
 * u and m = d(1-u)(1-n²) for n; r has m·(h·Rₙᵀ + bₙ)·r(1-r), or (m·Rₙ)·h·r(1-r).
 */
const gru: Cell = {
  gates: 3,
  activations: ['Sigmoid', 'Tanh'],
  states: 1,
  backward: (s, d) => {
    const { b } = s;
    const late = s.node.attribute.int('linear_before_reset', 0) !== 0;
    const [xu, xr, xn] = b.split(d.fromInput(), Array(3).fill(d.hidden), 2) as [string, string, string];
    const u = sigmoid(s, b.add(xu, recurrentPart(s, d, d.before, 0)));
    const r = sigmoid(s, b.add(xr, recurrentPart(s, d, d.before, 1)));
    const own = late ? recurrentPart(s, d, d.before, 2) : undefined;
    const n = b.op('Tanh', [b.add(xn, own ? b.mul(r, own) : recurrentPart(s, d, b.mul(r, d.before), 2))]);
    const slopeU = b.mul(b.sub(d.before, n), sigmoidSlope(s, u));
    const slopeN = b.mul(b.sub(s.scalar(1), u), tanhSlope(s, n));
    const ofR = sigmoidSlope(s, r);
    if (own) {
      const slopeR = b.mul(slopeN, b.mul(own, ofR));
      return {
        // Behind n stands r, on the way to the state before only.
        reads: [u, b.concat([slopeU, slopeR, slopeN], 2), b.concat([slopeU, slopeR, b.mul(slopeN, r)], 2)],
        body: (body, [state], g, [keep, toInput, toState]) => {
          const h = body.op('Add', [state!, g]);
          const all = body.op('Concat', [h, h, h], { axis: 1 });
          const gates = body.op('MatMul', [body.op('Mul', [all, toState!]), d.r]);
          return {
            before: [body.op('Add', [gates, body.op('Mul', [h, keep!])])],
            z: body.op('Mul', [all, toInput!]),
          };
        },
      };
    }
    const rows = (gate: number) => b.slice(d.r, [gate * d.hidden], [(gate + 1) * d.hidden], [0]);
    const [ru, rr, rn] = [rows(0), rows(1), rows(2)];
    return {
      reads: [u, r, slopeU, slopeN, b.mul(d.before, ofR)],
      body: (body, [state], g, [keep, reset, toU, toN, toR]) => {
        const h = body.op('Add', [state!, g]);
        const zn = body.op('Mul', [h, toN!]);
        const through = body.op('MatMul', [zn, rn]);
        const [zu, zr] = [body.op('Mul', [h, toU!]), body.op('Mul', [through, toR!])];
        const parts = [
          body.op('MatMul', [zu, ru]),
          body.op('MatMul', [zr, rr]),
          body.op('Mul', [through, reset!]),
          body.op('Mul', [h, keep!]),
        ];
        return { before: [body.op('Sum', parts)], z: body.op('Concat', [zu, zr, zn], { axis: 1 }) };
      },
    };
  },
};

interface Step {
  readonly states: readonly ValueName[];
  readonly outputs: readonly ValueName[];
}

/** A Scan over the first axis of `sequences`, from the last step when `backwards`: the states after all steps, and what each step puts out, in order. */
function scan(
  s: RuleStep,
  first: readonly ValueName[],
  sequences: readonly ValueName[],
  backwards: boolean,
  step: (body: Body, states: readonly ValueName[], items: readonly ValueName[]) => Step,
): Step {
  const { b } = s;
  const type = s.type(s.x());
  const body = new Body((hint) => b.fresh(hint));
  const states = first.map(() => b.fresh('step/state'));
  const items = sequences.map(() => b.fresh('step/item'));
  const made = step(body, states, items);
  const graph = new Graph({
    name: 'step',
    opsets: new Map([['', b.opset]]),
    inputs: [...states, ...items].map((name) => new Value(name, type)),
    outputs: [...made.states, ...made.outputs].map((name) => new Value(name, type)),
    nodes: body.nodes,
  });
  const after = [...first, ...made.outputs].map(() => b.fresh('scan'));
  const direction = backwards ? 1 : 0;
  b.append(
    Node.make(
      'Scan',
      [...first, ...sequences],
      after,
      {
        body: { graph: graphToProto(graph) },
        num_scan_inputs: sequences.length,
        scan_input_directions: sequences.map(() => direction),
        scan_output_directions: made.outputs.map(() => direction),
      },
      { name: after[0]! },
    ),
  );
  return { states: after.slice(0, first.length), outputs: after.slice(first.length) };
}

/**
 * A recurrent layer: y of all steps is its own output, the gradients run from the last step to the first. Gradients of the last state (and
 * memory) are where they begin. Weights are constants: they get no gradient.
 */
const recurrent =
  (cell: Cell): Rule =>
  (s): Gradients => {
    const { b } = s;
    refuseVariants(s, cell);
    const [x, w, r, bias, , firstState, firstMemory] = Array.from({ length: 7 }, (_, index) => s.x(index)) as string[];
    const steps = s.shape(x!)[0];
    const hidden = s.sizes(r!, [2])[0]!;
    const directions = s.sizes(w!, [0])[0]!;
    const sequence = s.y(0) || b.multi(s.node.op, s.node.inputs, again(s), 1)[0]!;
    const states = Array.from({ length: cell.states }, (_, index) => index);
    const none = zeros(s, hidden);
    const first = [firstState!, firstMemory!];
    const ofInput: ValueName[] = [];
    const ofFirst: ValueName[][] = states.map(() => []);
    for (let direction = 0; direction < directions; direction++) {
      const at = (value: ValueName, axis: number) => b.gather(value, b.int(direction), axis);
      const begin = states.map((state) => (first[state] ? at(first[state], 0) : none));
      const backwards = s.node.attribute.string('direction', 'forward') === 'reverse' || direction === 1;
      const after = at(sequence, 1);
      const row = b.unsqueeze(begin[0]!, [0]);
      const biases = bias ? at(bias, 0) : undefined;
      const half = (index: number) =>
        biases && b.slice(biases, [index * cell.gates * hidden], [(index + 1) * cell.gates * hidden], [0]);
      const weight = at(w!, 0);
      const d: Direction = {
        fromInput: () => {
          const product = b.matmul(x!, b.transpose(weight, [1, 0]));
          const wb = half(0);
          return wb === undefined ? product : b.add(product, wb);
        },
        before:
          steps === 1
            ? row
            : backwards
              ? b.concat([b.slice(after, [1], [Number.MAX_SAFE_INTEGER], [0]), row], 0)
              : b.concat([row, b.slice(after, [0], [-1], [0])], 0),
        after,
        r: at(r!, 0),
        rb: half(1),
        memory: begin[1] ?? none,
        hidden,
        backwards,
      };
      const { reads, body } = cell.backward(s, d);
      const end = states.map((state) => {
        const gradient = s.gradient(1 + state);
        return gradient === undefined ? none : at(gradient, 0);
      });
      const g = s.gradient(0);
      const arriving = g === undefined ? b.mul(after, s.scalar(0)) : at(g, 1);
      const run = scan(s, end, [arriving, ...reads], !backwards, (inner, before, [gradient, ...values]) => {
        const step = body(inner, before, gradient!, values);
        return { states: step.before, outputs: [step.z] };
      });
      if (s.needs(0)) ofInput.push(b.matmul(run.outputs[0]!, weight));
      states.forEach((state) => {
        ofFirst[state]!.push(b.unsqueeze(run.states[state]!, [0]));
      });
    }
    const gradients: (ValueName | null)[] = [s.needs(0) ? b.sum(ofInput) : null, null, null, null, null];
    for (const state of states) gradients.push(s.needs(5 + state) ? b.concat(ofFirst[state]!, 0) : null);
    return gradients;
  };

/** A state of zeros `[N, H]` for the batch of the input. */
function zeros(s: RuleStep, hidden: number): ValueName {
  const { b } = s;
  const batch = s.shape(s.x())[1]!;
  const type = s.type(s.x());
  if (typeof batch === 'number')
    return b.constant(Tensor.floats(new Float32Array(batch * hidden), [batch, hidden], type), 'zeros');
  const dims = b.concat([b.slice(b.shape(s.x()), [1], [2], [0]), b.ints([hidden])], 0);
  return b.op('ConstantOfShape', [dims], { value: Tensor.floats([0], [1], type) });
}

const again = (s: RuleStep) => ({
  hidden_size: s.node.attribute.int('hidden_size'),
  direction: s.node.attribute.string('direction', 'forward'),
  ...(s.node.op === 'GRU' ? { linear_before_reset: s.node.attribute.int('linear_before_reset', 0) } : {}),
});

/** @throws GRADIENT_REFUSED for what the formulas above do not say */
function refuseVariants(s: RuleStep, cell: Cell): void {
  const { attribute } = s.node;
  if (attribute.int('layout', 0) !== 0) throw s.refuse('its layout has the batch first');
  if (s.node.attributes.has('clip')) throw s.refuse('it clips its gates');
  if (attribute.int('input_forget', 0) !== 0) throw s.refuse('its input and forget gates are coupled');
  if (s.has(7)) throw s.refuse('it has peepholes');
  const named = attribute.strings('activations') ?? [];
  const usual = named.every((name, index) => name === cell.activations[index % cell.activations.length]);
  if (!usual) throw s.refuse(`its activations are ${named.join(', ')}, not ${cell.activations.join(', ')}`);
  if (s.wants.slice(1, 5).some(Boolean)) throw s.refuse('its weights depend on the picture');
  const lengths = s.has(4) ? s.constantInts(4)! : [];
  const steps = s.shape(s.x())[0];
  if (lengths.some((length) => length !== steps)) throw s.refuse('its sequences end at different steps');
}

export const recurrence: RuleTable = { RNN: recurrent(rnn), LSTM: recurrent(lstm), GRU: recurrent(gru) };
