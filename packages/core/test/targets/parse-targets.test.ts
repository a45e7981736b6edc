import type { ClassOutput, Model } from '@seewhy/core';
import { parseTargets } from '@seewhy/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { MODELS } from './support.ts';

const LABELS = [
  'tabby, tabby cat',
  'tiger cat',
  't-shirt',
  'c++',
  'c',
  'a@b',
  'box[1]',
  'rock-n-roll',
  'salt+pepper',
  'top-hat',
];
const OUTPUT = { name: 'scores', classes: LABELS.length, activation: 'softmax' } as ClassOutput;
const read = (text: string, labels: readonly string[] | undefined = LABELS) =>
  parseTargets(text, OUTPUT, labels).map(({ kind, asked: _, ...rest }) => ({ kind, ...rest }));
const code = (text: string, labels: readonly string[] | undefined = LABELS) => {
  try {
    parseTargets(text, OUTPUT, labels);
    return 'none';
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const cls = (index: number) => ({ kind: 'class', index });
const contrast = (index: number, against: number) => ({ kind: 'contrast', index, against });

describe('targets as people write them', () => {
  it.each([
    ['top', [{ kind: 'top', rank: 0 }]],
    [
      'top:2',
      [
        { kind: 'top', rank: 0 },
        { kind: 'top', rank: 1 },
      ],
    ],
    ['7', [cls(7)]],
    ['Tiger Cat', [cls(1)]],
    ['tabby', [cls(0)]],
    ['tabby, tabby cat', [cls(0)]],
    ['tabby,tiger cat', [cls(0), cls(1)]],
    ['1, 2', [cls(1), cls(2)]],
    ['1-2', [contrast(1, 2)]],
    ['t-shirt', [cls(2)]],
    ['t-shirt-tabby', [contrast(2, 0)]],
    ['tabby-t-shirt', [contrast(0, 2)]],
    ['rock-n-roll-t-shirt', [contrast(7, 2)]],
    ['rock-n-roll - t-shirt', [contrast(7, 2)]],
    ['runner-up', [{ kind: 'runner-up' }]],
    ['t-shirt-runner-up', [{ kind: 'runner-up', index: 2 }]],
    ['3-runner-up', [{ kind: 'runner-up', index: 3 }]],
    ['tabby+tiger cat', [{ kind: 'sum', indices: [0, 1] }]],
    ['0+1+2', [{ kind: 'sum', indices: [0, 1, 2] }]],
    ['c++', [cls(3)]],
    ['c+++c', [{ kind: 'sum', indices: [3, 4] }]],
    ['c + c++', [{ kind: 'sum', indices: [4, 3] }]],
    ['salt+pepper', [cls(8)]],
    ['salt+pepper + t-shirt', [{ kind: 'sum', indices: [8, 2] }]],
    ['salt+pepper-t-shirt', [contrast(8, 2)]],
    ['a@b', [cls(5)]],
    ['a@b-c', [contrast(5, 4)]],
    ['box[1]', [cls(6)]],
    ['box[1]+a@b', [{ kind: 'sum', indices: [6, 5] }]],
    ['top-hat', [cls(9)]],
  ])('%s', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it.each([
    ['', 'TARGET_INVALID'],
    [' , ', 'TARGET_INVALID'],
    ['top:0', 'TARGET_INVALID'],
    ['top:11', 'TARGET_OUT_OF_RANGE'],
    ['10', 'TARGET_OUT_OF_RANGE'],
    ['1+10', 'TARGET_OUT_OF_RANGE'],
    ['1-10', 'TARGET_OUT_OF_RANGE'],
    ['lynx', 'TARGET_UNKNOWN'],
    ['lynx+tabby', 'TARGET_UNKNOWN'],
    ['lynx-runner-up', 'TARGET_UNKNOWN'],
    ['tabby+', 'TARGET_UNKNOWN'],
    ['-tabby', 'TARGET_UNKNOWN'],
  ])('%s: %s', (text, expected) => {
    expect(code(text)).toBe(expected);
  });

  it('a misspelt synonym is offered as it is written', () => {
    expect(() => read('tabbie', ['tabby, tabby cat', 'bubble', 'magpie', 'trilobite'])).toThrow(/mean 'tabby'/);
  });

  it('a synonym of two classes is ambiguous, alone and in a sum', () => {
    const twice = ['crane, bird', 'crane, machine'];
    expect(code('crane', twice)).toBe('TARGET_AMBIGUOUS');
    expect(code('crane+bird', twice)).toBe('TARGET_AMBIGUOUS');
  });

  it('without labels, a word is told to be no index', () => {
    expect(code('cat', undefined)).toBe('TARGET_UNKNOWN');
    expect(read('1+2', undefined)).toEqual([{ kind: 'sum', indices: [1, 2] }]);
  });
});

describe('numbers of values', () => {
  let vit: Model;
  let cnn: Model;
  beforeAll(async () => {
    vit = await MODELS.logits();
    cnn = await MODELS.softmax();
  });

  it('an output, a value in its own axes, and several with commas between brackets', () => {
    expect(cnn.parseTargets('output[3]')).toMatchObject([{ kind: 'element', value: 'output', at: [3] }]);
    const { value } = cnn.defaultLayer!;
    expect(cnn.parseTargets(`1,${value}[0, 5,7],output[2]`)).toMatchObject([
      cls(1),
      { kind: 'element', value, at: [0, 5, 7] },
      { kind: 'element', value: 'output', at: [2] },
    ]);
  });

  it('[c,y,x] of a layer, wherever its value keeps them', () => {
    const last = { ...cnn.layers[0]!, name: 'block' };
    const layers = [{ ...last, grid: { ...last.grid, layout: 'NHWC' as const, channelAxis: 3 } }];
    expect(
      parseTargets('block[2,0,1]', OUTPUT, LABELS, { graph: cnn.graph, shapes: cnn.shapes, layers }),
    ).toMatchObject([{ value: last.value, at: [0, 1, 2] }]);
    const tokens = vit.layers.find(({ grid }) => grid.layout === 'tokens')!;
    const { prefix, width } = tokens.grid;
    expect(vit.parseTargets(`${tokens.name}[2,1,3]`)).toMatchObject([
      { value: tokens.value, at: [prefix + width + 3, 2] },
    ]);
  });

  it('a name that nothing has', () => {
    expect(() => cnn.parseTargets('outptu[3]')).toThrow(/no value or layer 'outptu'.*output/s);
  });
});
