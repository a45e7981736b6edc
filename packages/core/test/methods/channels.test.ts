import { blankPicture, channelSheet, noiseImage, rankChannels } from '@seewhy/core';
import { describe, expect, it } from 'vitest';
import { loadFixture, npy } from '../support.ts';
import { explainOne, relativeLength } from './graph-references.ts';

const FILES = ['parity-cnn', 'tiny-nhwc', 'tiny-vit', 'tiny-fp16', 'tiny-grey'];

describe('channels of a layer, ranked for a target', () => {
  it.each(FILES)('%s: the shares are the parts of the Grad-CAM map', async (file) => {
    const model = await loadFixture(`models/${file}.onnx`);
    const image = noiseImage(model, 3);
    const layer = model.defaultLayer!;
    const { channels } = await rankChannels(model, image, layer, '1');
    const tolerance = file === 'tiny-fp16' ? 5e-3 : 1e-4;
    expect(channels.map(({ channel }) => channel).sort((a, b) => a - b)).toEqual(
      Array.from({ length: layer.shape[0] }, (_, at) => at),
    );
    for (let at = 1; at < channels.length; at++)
      expect(channels[at - 1]!.share).toBeGreaterThanOrEqual(channels[at]!.share);
    const gradcam = (await explainOne(model, image, { targets: '1' })).raw[0]!.data;
    const sum = new Float64Array(gradcam.length);
    for (const { weight, map } of channels) for (let at = 0; at < sum.length; at++) sum[at]! += weight * map.data[at]!;
    expect(relativeLength(sum, gradcam)).toBeLessThan(tolerance);
    for (const { weight, share, map } of channels)
      expect(share).toBeCloseTo(weight * map.data.reduce((all, value) => all + value, 0), 5);
  });

  it("the maps are the layer's activations, as captum gives them", async () => {
    const model = await loadFixture('models/parity-cnn.onnx');
    const reference = npy('parity/cnn/captum.layer-activation.layer2.raw.npy').data;
    const { channels } = await rankChannels(model, npy('parity/cnn/input.npy'), '/features/features.4/Relu_output_0');
    const cells = reference.length / channels.length;
    const maps = [...channels].sort((a, b) => a.channel - b.channel).flatMap(({ map }) => Array.from(map.data));
    expect(cells).toBe(channels[0]!.map.data.length);
    expect(relativeLength(maps, reference)).toBeLessThan(1e-5);
  });

  it('a layer that does not exist, and a target that does not exist', async () => {
    const model = await loadFixture('models/tiny-cnn.onnx');
    await expect(rankChannels(model, noiseImage(model, 1), 'nowhere')).rejects.toMatchObject({ code: 'LAYER_UNKNOWN' });
    await expect(rankChannels(model, noiseImage(model, 1), model.defaultLayer!, '99')).rejects.toThrow();
  });

  it('a sheet of the best ones', async () => {
    const model = await loadFixture('models/parity-cnn.onnx');
    const ranking = await rankChannels(model, npy('parity/cnn/input.npy'), model.defaultLayer!);
    const { width, height } = model.image;
    const request = { picture: blankPicture(width, height), size: { width, height }, ranking };
    const [few, many] = [channelSheet({ ...request, most: 2 }), channelSheet({ ...request, most: 6 })];
    expect(few.data.length).toBe(few.width * few.height * 3);
    expect(few.width * few.height).toBeLessThan(many.width * many.height);
    expect(new Set(few.data).size).toBeGreaterThan(10);
  });
});
