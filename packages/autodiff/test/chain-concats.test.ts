import { Node } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { chainConcats } from '../src/chain-concats.ts';

const concat = (inputs: string[], output: string, axis = 1) => Node.make('Concat', inputs, [output], { axis });
const inputsOf = (nodes: readonly Node[]) => nodes.map((node) => node.inputs.join(' '));

describe('Concat of what another Concat has already put together', () => {
  const dense = [concat(['a', 'b'], 'ab'), concat(['a', 'b', 'c'], 'abc'), concat(['a', 'b', 'c', 'd'], 'abcd')];

  it('continues the longest one', () => {
    expect(inputsOf(chainConcats(dense, new Set()))).toEqual(['a b', 'ab c', 'abc d']);
  });

  it('leaves out those whose own gradient is asked for', () => {
    expect(inputsOf(chainConcats(dense, new Set(['abc'])))).toEqual(['a b', 'ab c', 'ab c d']);
  });

  it('looks at order and axis', () => {
    const other = [concat(['b', 'a'], 'ba'), concat(['a', 'b'], 'ab', 2), concat(['a', 'b', 'c'], 'abc')];
    expect(inputsOf(chainConcats(other, new Set()))).toEqual(['b a', 'a b', 'a b c']);
  });
});
