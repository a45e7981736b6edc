import { type DataType, type Graph, isFloat, type Node, type Value } from '@seewhy/onnx';
import { errors } from './errors.ts';

/** Order of an image tensor's dimensions. */
export type Layout = 'NCHW' | 'NHWC';

/** The input that takes the picture. */
export interface ImageInput {
  readonly name: string;
  readonly layout: Layout;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly type: DataType;
  /** Whether the file declares its batch, or its size, as free. */
  readonly declaredBatch: 'free' | 'fixed';
  readonly sizeIsFree: boolean;
}

/** Size used where the file leaves it free and nobody says otherwise. */
export const DEFAULT_SIZE = 224;

const PIXEL_TYPES: readonly DataType[] = ['float32', 'float16', 'float64', 'uint8', 'int8', 'int32', 'uint16'];
const CHANNELS = [1, 3, 4];

/** Ops through which a picture keeps its layout on the way to the first convolution. */
const KEEPS_LAYOUT = new Set([
  'Cast',
  'Identity',
  'Sub',
  'Add',
  'Mul',
  'Div',
  'Pad',
  'Clip',
  'BatchNormalization',
  'Resize',
  'QuantizeLinear',
  'DequantizeLinear',
  'Neg',
  'Slice',
]);

/** 2 GB of float32: what a typed array and a runtime's buffer hold everywhere. */
const MOST_VALUES = 2 ** 29;

/**
 * Finds the image input: four dimensions with 1, 3 or 4 channels, first (NCHW) or last (NHWC); where the file declares too little, the
 * first convolution behind it decides.
 * @throws NO_IMAGE_INPUT, INPUT_NOT_A_PICTURE, INPUT_UNKNOWN, IMAGE_INPUT_TOO_LARGE
 */
export function findImageInput(
  graph: Graph,
  options: { input?: string | undefined; size?: readonly [number, number] | undefined } = {},
): ImageInput {
  const feeds = graph.feeds;
  const names = feeds.map((value) => value.name);
  if (options.input !== undefined && !names.includes(options.input)) throw errors.unknownInput(options.input, names);
  const candidates = options.input === undefined ? feeds : feeds.filter((value) => value.name === options.input);
  const found = candidates.map((value) => describe(graph, value, options.size)).filter((image) => image !== undefined);
  // A float picture is likelier than an integer one; else the first in the file's order.
  const best = found.find((image) => isFloat(image.type)) ?? found[0];
  const video = candidates.find(isVideo);
  if (!best && video) throw errors.videoInput(video.name, printed(video));
  if (!best) throw errors.noImageInput(feeds.map((value) => `${value.name} ${printed(value)}`));
  if (best.channels * best.height * best.width > MOST_VALUES)
    throw errors.imageTooLarge(best.name, best.width, best.height);
  return best;
}

const printed = ({ shape }: Value) => `[${shape?.map((dim) => dim ?? '?').join(', ') ?? '?'}]`;

/** A float input of five dimensions: frames of a video, slices of a volume. */
const isVideo = (value: Value) => value.shape?.length === 5 && isFloat(value.type ?? 'float32');

function describe(graph: Graph, value: Value, size: readonly [number, number] | undefined): ImageInput | undefined {
  if (!value.isTensor || (value.type && !PIXEL_TYPES.includes(value.type))) return undefined;
  const shape = value.shape;
  if (shape && shape.length !== 4) return undefined;
  const conv = firstConvolution(graph, value.name);
  if (!shape && !conv) return undefined;
  const number = (axis: number) => (typeof shape?.[axis] === 'number' ? (shape[axis] as number) : undefined);
  const could = (axis: number) => number(axis) === undefined || CHANNELS.includes(number(axis)!);
  const sure = (axis: number) => CHANNELS.includes(number(axis) ?? 0);
  let layout: Layout | undefined = conv?.layout;
  if (!layout) {
    if (sure(1) && !sure(3)) layout = 'NCHW';
    else if (sure(3) && !sure(1)) layout = 'NHWC';
    else if (could(1)) layout = 'NCHW';
    else if (could(3)) layout = 'NHWC';
  }
  if (!layout) return undefined;
  const [channelAxis, heightAxis, widthAxis] = layout === 'NCHW' ? [1, 2, 3] : [3, 1, 2];
  const channels = number(channelAxis) ?? conv?.channels ?? 3;
  if (!CHANNELS.includes(channels) && !conv) return undefined;
  const height = number(heightAxis);
  const width = number(widthAxis);
  return {
    name: value.name,
    layout,
    channels,
    height: height ?? size?.[0] ?? width ?? DEFAULT_SIZE,
    width: width ?? size?.[1] ?? height ?? DEFAULT_SIZE,
    type: value.type ?? 'float32',
    declaredBatch: typeof shape?.[0] === 'number' ? 'fixed' : 'free',
    sizeIsFree: height === undefined || width === undefined,
  };
}

/** Layout and channels as the first convolution behind the input sees them. */
function firstConvolution(graph: Graph, input: string): { layout: Layout; channels: number | undefined } | undefined {
  let frontier: { value: string; layout: Layout }[] = [{ value: input, layout: 'NCHW' }];
  for (let hops = 0; hops < 24 && frontier.length > 0; hops++) {
    const next: typeof frontier = [];
    for (const { value, layout } of frontier) {
      for (const node of graph.consumers.get(value) ?? []) {
        if (/^(Conv|FusedConv|ConvInteger|QLinearConv)$/.test(node.op) && node.inputs[0] === value)
          return { layout, channels: channelsOf(graph, node) };
        if (node.op === 'Transpose') {
          const perm = node.attribute.ints('perm')?.join();
          if (perm === '0,3,1,2') next.push({ value: node.outputs[0]!, layout: 'NHWC' });
        } else if (KEEPS_LAYOUT.has(node.op)) next.push({ value: node.outputs[0]!, layout });
      }
    }
    frontier = next;
  }
  return undefined;
}

function channelsOf(graph: Graph, node: Node): number | undefined {
  const weight = node.inputs[node.op === 'QLinearConv' ? 3 : 1] ?? '';
  const direct = graph.initializers.get(weight) ?? graph.initializers.get(graph.producers.get(weight)?.inputs[0] ?? '');
  const perGroup = direct?.dims[1];
  return perGroup === undefined ? undefined : perGroup * node.attribute.int('group', 1);
}

/** Dimensions of one picture as the model takes it. */
export function imageDims(image: ImageInput): [number, number, number, number] {
  return image.layout === 'NCHW'
    ? [1, image.channels, image.height, image.width]
    : [1, image.height, image.width, image.channels];
}

/**
 * Says before anything runs that no picture file can be the model's input.
 * @throws PICTURE_CHANNELS
 */
export function assertTakesPictures(image: ImageInput): void {
  if (image.channels !== 1 && image.channels !== 3)
    throw errors.pictureChannels(image.name, image.channels, imageDims(image).join(', '));
}
