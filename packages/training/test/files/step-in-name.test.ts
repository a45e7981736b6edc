import { stepInName } from '@seewhy/training/node';
import { describe, expect, it } from 'vitest';

describe('the number in a checkpoint’s name', () => {
  it.each([
    ['epoch-07.onnx', 7],
    ['weights.05-0.83.keras', 5],
    ['resnet50-03.onnx', 3],
    ['run/epoch=12-step=340.onnx', 12],
    ['efficientnet_b0_ep4.onnx', 4],
    ['ckpt_100/model.json', 100],
    ['model.onnx', undefined],
    ['vgg16.h5', undefined],
    ['best-0.91.keras', undefined],
  ])('of %s is %s', (name, step) => expect(stepInName(name)).toBe(step));
});
