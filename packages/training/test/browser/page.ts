import { ortRuntime, type Runtime } from '@seewhy/core';
import { MemoryFolder, readEvents, tensorBoardSink } from '@seewhy/training';
import { ExplanationCallback } from '@seewhy/training/tfjs';
import * as tf from '@tensorflow/tfjs';
import { ortInPage } from '../../../../tools/test-support/in-page.ts';
import { smallNetwork } from '../callback/small-network.ts';
import { METHODS, NAMES, plain, type Shown, shownPictures, train, weightsOf } from './subject.ts';

/** Memory that onnxruntime-web has taken for its WebAssembly: it never gives back any. */
const memories: WebAssembly.Memory[] = [];
const { Memory } = WebAssembly;
WebAssembly.Memory = class extends Memory {
  constructor(descriptor: WebAssembly.MemoryDescriptor) {
    super(descriptor);
    memories.push(this);
  }
};

const runtime = async (): Promise<Runtime> => ortRuntime(await ortInPage('wasm'), { device: 'wasm' });

interface Trained {
  readonly backend: string;
  readonly shown: Shown[];
  /** Of each epoch, as they were when it was explained. */
  readonly weights: number[][][];
  readonly losses: number[];
  /** Tags of the images in the event file that was collected, step by step. */
  readonly events: string[];
  readonly errors: string[];
}

/** Trains with the callback; pictures go to a function and to an event file in memory. */
async function trainInPage(backend: string, epochs: number): Promise<Trained> {
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js has no backend ${backend} here`);
  const model = smallNetwork();
  const [shown, weights, errors]: [Shown[], number[][][], string[]] = [[], [], []];
  const folder = new MemoryFolder();
  const callback = new ExplanationCallback({
    runtime: await runtime(),
    images: shownPictures(),
    names: NAMES,
    methods: METHODS,
    to: [
      async (picture) => {
        shown.push(plain(picture));
        if (weights.length <= picture.step) weights.push(await weightsOf(model));
      },
      tensorBoardSink(folder),
    ],
    onError: (error) => errors.push(String(error)),
  });
  const { history } = await train(model, epochs, [callback]);
  const [file] = folder.files.values();
  const events = readEvents(file!).events.flatMap(({ step, values }) =>
    values.flatMap(({ kind, tag }) => (kind === 'image' ? [`${step} ${tag}`] : [])),
  );
  return { backend: tf.getBackend(), shown, weights, losses: history.loss as number[], events, errors };
}

/** After the first epoch no session can be opened any more: what is told of it, and what the training makes of it. */
async function failInPage(epochs: number) {
  await tf.setBackend('cpu');
  const alone = smallNetwork();
  await train(alone, epochs, []);
  const working = await runtime();
  let refused = 0;
  const failing: Runtime = {
    ...working,
    open: (graph, options) => {
      if (steps.length === 0) return working.open(graph, options);
      refused++;
      return Promise.reject(new Error('the page has no memory left'));
    },
  };
  const told: string[] = [];
  const steps: number[] = [];
  const model = smallNetwork();
  const callback = new ExplanationCallback({
    runtime: failing,
    images: shownPictures(),
    methods: ['gradcam'],
    to: [({ step }) => steps.push(step)],
    onError: (error, step) => told.push(`${step}: ${(error as Error).message}`),
  });
  const { epoch } = await train(model, epochs, [callback]);
  return { told, steps, refused, epochs: epoch.length, weights: await weightsOf(model), alone: await weightsOf(alone) };
}

let long: { model: tf.LayersModel; callback: ExplanationCallback } | undefined;
let drawn = 0;

/** Trains one model on and on with one callback; what is held afterwards, in bytes and tensors. */
async function trainOnInPage(epochs: number) {
  await tf.setBackend('cpu');
  long ??= {
    model: smallNetwork(),
    callback: new ExplanationCallback({
      runtime: await runtime(),
      images: shownPictures(),
      methods: METHODS,
      to: [
        ({ overlay }) => {
          if (overlay.data.length > 0) drawn++;
        },
      ],
    }),
  };
  await train(long.model, epochs, [long.callback]);
  const wasm = memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  return { wasm, tensors: tf.memory().numTensors, pictures: drawn };
}

const globals = { trainInPage, failInPage, trainOnInPage };
export type PageGlobals = typeof globals;
Object.assign(globalThis, globals);
