import { describe, expect, it } from 'vitest';
import { parseGate } from '../src/gate.ts';

const fields = ['probability', 'label', 'flat', 'fields', 'predictions', 'n'];
const record = {
  probability: 0.4,
  label: 'tiger cat',
  flat: false,
  fields: { label: '3' },
  predictions: [{ label: 'lynx', probability: 0.9 }],
  n: null,
};
const fails = (text: string) => parseGate(text, fields).fails(record);

describe('a gate', () => {
  it.each([
    ['probability < 0.5', true],
    ['probability<.4', false],
    ['probability <= 40%', true],
    ["label == 'tiger cat'", true],
    ['label = "tiger cat" and flat', false],
    ['flat or probability > 0.1 and not flat', true],
    ['(flat or probability > 0.1) && !flat', true],
    ["label in ['lynx', 'tiger cat']", true],
    ["label contains 'cat'", true],
    ['fields.label == 3', true],
    ['fields.missing == 3', false],
    ['predictions[0].probability > 0.8', true],
    ['predictions[3].probability > 0.8', false],
    ['n < 1', false],
    ['n == null', true],
    ['probability > -1', true],
    ['not probability < 0.5', false],
    ['!(probability < 0.5) || label != "x"', true],
  ])('%s', (text, expected) => expect(fails(text)).toBe(expected));

  it.each([
    '',
    'probability <',
    'probability < 0.5 0.6',
    '(probability',
    'label in [1, 2',
    '; process.exit()',
    'probability..x',
    "'open",
  ])('refuses %j', (text) =>
    expect(() => parseGate(text, fields)).toThrow(expect.objectContaining({ code: 'GATE_INVALID' })),
  );

  it('offers the nearest field, also inside the record', () => {
    expect(() => parseGate('probabilty < 1', fields)).toThrow("Did you mean 'probability'?");
    expect(() => fails('predictions[0].probabilty > 1')).toThrow("Did you mean 'probability'?");
    expect(() => parseGate('constructor.name', fields)).toThrow('knows no field');
  });
});
