import { float16ToFloat32 } from '@seewhy/onnx';
import { describe, expect, it } from 'vitest';
import { blankPicture } from '../../src/picture/picture.ts';
import { preprocessPicture } from '../../src/preprocess/apply.ts';
import { geometryOf } from '../../src/preprocess/geometry.ts';
import { parsePreprocess } from '../../src/preprocess/hugging-face.ts';
import { describePreprocess, type Preprocess } from '../../src/preprocess/preprocess.ts';
import { PREPROCESS_PRESETS, preprocessPreset } from '../../src/preprocess/presets.ts';
import { largestDifference, referenceArray, referenceJson, referencePicture } from '../picture/references.ts';

const input = { width: 28, height: 28 };

describe("against torchvision's Resize, CenterCrop, ToTensor, Normalize", () => {
  const cases: { file: string; picture: string; resize: number; crop: number }[] = referenceJson('torchvision.json');
  it.each(cases)('$file', ({ file, picture, resize, crop }) => {
    const spec: Preprocess = {
      ...preprocessPreset('imagenet', input),
      resize: { mode: 'shortest', size: resize, interpolation: 'bilinear' },
      crop: { width: crop, height: crop, rounding: 'half-even' },
    };
    const { tensor } = preprocessPicture(referencePicture(picture), spec);
    const expected = referenceArray(file);
    expect(tensor.dims).toEqual(expected.dims);
    // One grey level would be 0.017.
    expect(largestDifference(tensor.data, expected.data as Float32Array)).toBeLessThan(1e-6);
  });
});

describe("against Hugging Face's image processors, configured by their own JSON", () => {
  const cases: { file: string; name: string; config: Record<string, unknown> }[] =
    referenceJson('cases.json').huggingFace;
  it.each(cases)('$name', ({ file, config }) => {
    const { preprocess, notes } = parsePreprocess(JSON.stringify(config), input);
    const { tensor } = preprocessPicture(referencePicture('source.npy'), preprocess);
    const expected = referenceArray(file);
    expect(tensor.dims).toEqual(expected.dims);
    const levels = config.do_rescale === false ? 255 : 1;
    expect(largestDifference(tensor.data, expected.data as Float32Array)).toBeLessThan(2e-6 * levels);
    expect(notes).toEqual([]);
  });
});

describe('parsePreprocess', () => {
  it("reads timm's pretrained_cfg", () => {
    const timm = {
      architecture: 'resnet50',
      pretrained_cfg: {
        input_size: [3, 224, 224],
        crop_pct: 0.95,
        interpolation: 'bicubic',
        mean: [0.5, 0.5, 0.5],
        std: [0.25, 0.25, 0.25],
      },
    };
    const { preprocess } = parsePreprocess(timm, { width: 224, height: 224 });
    expect(preprocess.resize).toEqual({ mode: 'shortest', size: 235, interpolation: 'bicubic', longest: undefined });
    expect(preprocess.crop).toEqual({ width: 224, height: 224, rounding: 'half-even' });
    expect(preprocess.std).toEqual([0.25, 0.25, 0.25]);
  });
  it('starts from a preset of ours', () => {
    const { preprocess } = parsePreprocess('{"preset": "signed", "resample": "nearest"}', { width: 224, height: 224 });
    expect(preprocess.resize).toEqual({ mode: 'shortest', size: 256, interpolation: 'nearest' });
    expect(preprocess.mean).toEqual([127, 127, 127]);
  });
  it('says which key has no effect', () => {
    expect(parsePreprocess({ size: 28, do_sharpen: true }, input).notes.join()).toMatch(/'do_sharpen' has no effect/);
  });
  it('says what it guessed', () => {
    expect(parsePreprocess({}, input).notes.join()).toMatch(/28x28/);
  });
  it.each([
    ['not JSON', '{"size": ', 'PREPROCESS_NOT_JSON'],
    ['a list', '[1, 2]', 'PREPROCESS_NOT_JSON'],
    ['a size of 0', '{"size": 0}', 'PREPROCESS_INVALID'],
    ['a size of text', '{"size": "big"}', 'PREPROCESS_INVALID'],
    ['an empty size', '{"size": {}}', 'PREPROCESS_INVALID'],
    ['a deviation of 0', '{"image_std": [0, 1, 1]}', 'PREPROCESS_INVALID'],
    ['two means', '{"image_mean": [0, 1]}', 'PREPROCESS_INVALID'],
    ['an unknown kernel', '{"resample": 9}', 'PREPROCESS_INVALID'],
    ['a flag of text', '{"do_resize": "yes"}', 'PREPROCESS_INVALID'],
    ['a layout of old', '{"layout": "CHWN"}', 'PREPROCESS_INVALID'],
    ['an unknown preset', '{"preset": "imagnet"}', 'PREPROCESS_PRESET_UNKNOWN'],
  ])('refuses %s', (_, text, code) => {
    expect(() => parsePreprocess(text, input, 'file.json')).toThrow(expect.objectContaining({ code }));
  });
});

describe('presets', () => {
  /** The value of byte 0 and 255 in each channel, from the formula in each library's documentation. */
  const expected: Record<keyof typeof PREPROCESS_PRESETS, [number[], number[]]> = {
    imagenet: [
      [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225],
      [(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225],
    ],
    inception: [
      [-1, -1, -1],
      [1, 1, 1],
    ],
    clip: [
      [-1.7922626, -1.7520971, -1.4802198],
      [1.9303361, 2.0748837, 2.1458966],
    ],
    signed: [
      [-127 / 128, -127 / 128, -127 / 128],
      [1, 1, 1],
    ],
    unit: [
      [0, 0, 0],
      [1, 1, 1],
    ],
    none: [
      [0, 0, 0],
      [255, 255, 255],
    ],
    'keras-none': [
      [0, 0, 0],
      [255, 255, 255],
    ],
    'keras-caffe': [
      [-103.939, -116.779, -123.68],
      [255 - 103.939, 255 - 116.779, 255 - 123.68],
    ],
    'keras-tf': [
      [-1, -1, -1],
      [1, 1, 1],
    ],
    'keras-torch': [
      [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225],
      [(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225],
    ],
  };
  it.each(Object.entries(expected))('%s', (name, [black, white]) => {
    const spec = preprocessPreset(name, { width: 4, height: 4, layout: 'NHWC' });
    for (const [byte, values] of [
      [0, black],
      [255, white],
    ] as const) {
      const { tensor } = preprocessPicture(blankPicture(9, 6, [byte, byte, byte]), spec, { width: 4, height: 4 });
      expect(tensor.dims).toEqual([1, 4, 4, 3]);
      for (let c = 0; c < 3; c++) expect(tensor.data[3 + c]).toBeCloseTo(values[c]!, 4);
    }
  });
  it('every preset has a test', () => expect(Object.keys(expected)).toEqual(Object.keys(PREPROCESS_PRESETS)));
  it('an unknown name is told the nearest', () => {
    expect(() => preprocessPreset('imagnet', input)).toThrow(/'imagenet'/);
  });
});

describe('channels, layout, type', () => {
  const colour = blankPicture(2, 2, [10, 20, 30]);
  const none = (over: Partial<Preprocess>) => ({ ...preprocessPreset('none', { width: 2, height: 2 }), ...over });
  const first = (spec: Preprocess) => [...preprocessPicture(colour, spec).tensor.data];
  it('NCHW, NHWC, BGR', () => {
    expect(first(none({}))).toEqual([10, 10, 10, 10, 20, 20, 20, 20, 30, 30, 30, 30]);
    expect(first(none({ layout: 'NHWC' })).slice(0, 4)).toEqual([10, 20, 30, 10]);
    expect(first(none({ channelOrder: 'bgr' })).slice(0, 5)).toEqual([30, 30, 30, 30, 20]);
  });
  it("grey is Pillow's luma: (19595·10 + 38470·20 + 7471·30 + 32768) >> 16 = 18", () => {
    const { tensor } = preprocessPicture(colour, none({ channelOrder: 'grey', mean: [0], std: [1] }));
    expect(tensor.dims).toEqual([1, 1, 2, 2]);
    expect([...tensor.data]).toEqual([18, 18, 18, 18]);
  });
  it('float16 and uint8', () => {
    const half = preprocessPicture(colour, none({ dtype: 'float16' })).tensor;
    expect([half.type, float16ToFloat32(half.data[4]!)]).toEqual(['float16', 20]);
    expect(preprocessPicture(colour, none({ dtype: 'uint8' })).tensor.data).toEqual(
      Uint8Array.of(10, 10, 10, 10, 20, 20, 20, 20, 30, 30, 30, 30),
    );
  });
  it('names the sizes that do not fit', () => {
    expect(() => preprocessPicture(colour, none({}), { width: 3, height: 2 })).toThrow(
      /2x2 pixels, the model takes 3x2/,
    );
    expect(() => preprocessPicture(colour, none({ mean: [1, 2] }))).toThrow(
      expect.objectContaining({ code: 'PREPROCESS_CHANNELS_MISMATCH' }),
    );
  });
  it('pad fits the picture inside and fills the rest evenly', () => {
    const resize = { mode: 'pad', width: 4, height: 8, interpolation: 'bilinear', fill: 114 } as const;
    const { input: made } = preprocessPicture(colour, none({ resize }));
    const reds = Array.from({ length: 8 }, (_, y) => made.data[y * 12]);
    expect(reds).toEqual([114, 114, 10, 10, 10, 10, 114, 114]);
  });
  it('describes itself in one line', () => {
    expect(describePreprocess(preprocessPreset('imagenet', { width: 224, height: 224 }))).toBe(
      'shorter side 256 (bilinear), centre crop 224x224, rgb, (x/255 - 0.485 0.456 0.406) / 0.229 0.224 0.225, NCHW',
    );
    expect(describePreprocess(preprocessPreset('signed', { width: 224, height: 224 }))).toMatch(/\(x - 127\) \/ 128/);
  });
});

it('extreme pictures: 1x1 and very long ones keep at least a pixel', () => {
  const spec = preprocessPreset('imagenet', input);
  for (const [width, height] of [
    [1, 1],
    [3000, 1],
    [1, 3000],
    [2, 5],
  ] as const) {
    expect(geometryOf({ width, height }, spec).input).toEqual(input);
    const { tensor } = preprocessPicture(blankPicture(width, height), spec, input);
    expect(tensor.data.every(Number.isFinite)).toBe(true);
  }
});
