/** A network of the benchmark: what is asked of it and what is aimed at, in predictions (programs) or times faster (peers). */
export interface Network {
  readonly title: string;
  readonly gradcam: readonly [must: number, aim: number];
  readonly saliency: readonly [must: number, aim: number];
  readonly captum: readonly [must: number, aim: number];
  readonly gradCamPeer: readonly [must: number, aim: number];
  readonly torchCam: readonly [must: number, aim: number];
}

const LARGE = { gradcam: [1.05, 1.02], captum: [1.5, 1.5], gradCamPeer: [4, 4], torchCam: [1.5, 1.5] } as const;
const MOBILE = { gradcam: [1.05, 1.02], captum: [2, 3], gradCamPeer: [4, 10], torchCam: [1.5, 5] } as const;

export const NETWORKS: Readonly<Record<string, Network>> = {
  resnet50: { title: 'ResNet-50', ...LARGE, saliency: [2.3, 2.0] },
  densenet121: { title: 'DenseNet-121', ...LARGE, saliency: [2.5, 2.1] },
  convnext_tiny: { title: 'ConvNeXt-T', ...LARGE, saliency: [2.0, 1.8], captum: [1.25, 1.25] },
  vit_small_patch16_224: { title: 'ViT-S', ...LARGE, gradcam: [1.15, 1.08], saliency: [2.0, 1.8] },
  efficientnet_b0: { title: 'EfficientNet-B0', ...MOBILE, saliency: [3.0, 2.3] },
  mobilenet_v3_small: { title: 'MobileNetV3-Small', ...MOBILE, saliency: [4.5, 3] },
};
