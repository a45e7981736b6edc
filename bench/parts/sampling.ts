import {
  chooseMethods,
  Explainer,
  type ExplainOptions,
  ExplainProgram,
  findMethod,
  graphMethods,
  imageDims,
  Model,
  ortRuntime,
  type RunTensor,
  stack,
  TOP,
} from '@seewhy/core';
import { readGraph } from '@seewhy/onnx';
import * as ort from 'onnxruntime-node';
import { cost, costs, interleave, type Side, timed } from '../measure.ts';
import { Peers, type PeerTask } from '../peers.ts';
import { modelBytes, noiseImage, THREADS } from '../programs.ts';

/** Networks of the comparison. */
const NAMES = ['mobilenet_v3_small', 'resnet50'] as const;
/** Steps and samples of one explanation. */
const STEPS = 50;
/** Forward passes of one measurement of RISE; occlusion's follow from its windows. */
const MASKS = { resnet50: 96, mobilenet_v3_small: 512 } as const;
const BATCHES = [1, 2, 4, 8, 16, 32];

export interface SamplingCosts {
  /** Milliseconds of a saliency run, and of one step or sample of a method, one picture a run. */
  saliency: number;
  integratedGradientsStep: number;
  smoothGradStep: number;
  /** The same with the batch that was measured best. */
  integratedGradientsStepBatched: number;
  smoothGradStepBatched: number;
  /** 50 steps: captum's time over ours, and both in plain predictions. */
  captum: number;
  captumInPredictions: number;
  oursInPredictions: number;
  /** Predictions a second: plain at the best batch, RISE, occlusion, RISE written in torch. */
  plain: number;
  bestBatch: number;
  rise: number;
  occlusion: number;
  torch: number;
  /** pytorch-grad-cam's Score-CAM over ours, same variant. */
  scorecam: number;
  /** Growth of the resident set over a run of four times as many samples, in MB. */
  growth: number;
}

/** Sampling methods beside plain inference and the peers. */
export async function measureSampling(effort: number): Promise<Record<string, SamplingCosts>> {
  const peers = new Peers();
  const results: Record<string, SamplingCosts> = {};
  for (const name of NAMES) {
    const bytes = modelBytes(name);
    const runtime = ortRuntime(ort as never, { threads: THREADS });
    const model = await Model.load(readGraph(bytes), { runtime, batch: 'free' });
    const image = noiseImage(imageDims(model.image));
    // As one picture is explained: with the batch as the file has it.
    const single = await Model.load(readGraph(bytes), { runtime });
    const saliency = await Explainer.open(single, {
      methods: graphMethods(chooseMethods([findMethod('saliency')])),
      layers: [],
      targets: [TOP],
      score: 'logit',
    });
    const open: ExplainProgram[] = [];
    const method = async (options: ExplainOptions): Promise<Side> => {
      const program = await ExplainProgram.open(model, options);
      open.push(program);
      // Chooses its batch in its first runs.
      await program.run([image]);
      return async () => (await program.run([image]))[0]![0]!.provenance.runMilliseconds;
    };
    const ig = { methods: ['integrated-gradients'], steps: STEPS };
    const smooth = { methods: ['smoothgrad'], samples: STEPS };
    const blocks = Math.max(3, Math.round(8 * effort));
    const step = costs(
      await interleave(
        {
          saliency: () => timed(() => saliency.run([image])),
          ig: await method({ ...ig, sampleBatch: 1 }),
          smooth: await method({ ...smooth, sampleBatch: 1 }),
          batched: await method(ig),
          smoothBatched: await method(smooth),
        },
        { blocks, runs: 2 },
      ),
      'saliency',
    );
    const plain = await plainSides(model, image);
    const alone = await interleave(plain.sides, { blocks, runs: 3 });
    const rates = Object.fromEntries(BATCHES.map((batch) => [batch, (1000 * batch) / cost(alone[`b${batch}`]!)]));
    const bestBatch = BATCHES.reduce((best, batch) => (rates[batch]! > rates[best]! ? batch : best));
    const masks = MASKS[name];
    const riseSide = await method({ methods: ['rise'], masks });
    const occlusionProgram = await ExplainProgram.open(model, { methods: ['occlusion'] });
    open.push(occlusionProgram);
    const occluded = await occlusionProgram.run([image]);
    const windows = occluded[0]![0]!.sampling!.samples;
    const forward = costs(
      await interleave(
        {
          plain: plain.sides[`b${bestBatch}`]!,
          rise: riseSide,
          occlusion: async () => (await occlusionProgram.run([image]))[0]![0]!.provenance.runMilliseconds,
        },
        { blocks, runs: 2 },
      ),
      'plain',
    );
    const peer = async (task: PeerTask, ours: Side, blocks: number) => {
      const side = peers.side(name, task);
      const times = await interleave({ peer: side, ours, plain: plain.sides.b1! }, { blocks, runs: 1 });
      return costs(times, 'plain');
    };
    const rounds = Math.max(3, Math.round(4 * effort));
    const stage = (what: string) => console.log(`${name}: ${what}`);
    stage('captum');
    const captum = await peer('captum-ig', await method(ig), rounds);
    stage('RISE in torch');
    const torch = await peer('rise', riseSide, rounds);
    stage('Score-CAM');
    const score = await peer('scorecam', await method({ methods: ['scorecam'], variant: 'pytorch-grad-cam' }), 1);
    stage('memory');
    const growth = await grown(model, image, masks);
    await plain.release();
    await saliency.release();
    for (const program of open) await program.release();
    results[name] = {
      saliency: step.saliency,
      integratedGradientsStep: step.ig / (STEPS + 1),
      smoothGradStep: step.smooth / STEPS,
      integratedGradientsStepBatched: step.batched / (STEPS + 1),
      smoothGradStepBatched: step.smoothBatched / STEPS,
      captum: captum.peer / captum.ours,
      captumInPredictions: captum.peer / captum.plain,
      oursInPredictions: captum.ours / captum.plain,
      plain: (1000 * bestBatch) / forward.plain,
      bestBatch,
      rise: (1000 * masks) / forward.rise,
      occlusion: (1000 * windows) / forward.occlusion,
      torch: (1000 * PEER_MASKS) / torch.peer,
      scorecam: score.peer / score.ours,
      growth,
    };
    console.log(name, results[name]);
  }
  peers.end();
  return results;
}

/** Masks of one run of the peer (bench/peers/serve.py). */
const PEER_MASKS = 64;

/** Plain predictions of the file itself, at several batch sizes. */
async function plainSides(model: Model, image: RunTensor) {
  const session = await model.runtime.open(model.graph);
  const sides: Record<string, Side> = Object.fromEntries(
    BATCHES.map((batch) => {
      const feeds = { [model.image.name]: stack(Array.from({ length: batch }, () => image)) };
      return [`b${batch}`, () => timed(() => session.run(feeds))];
    }),
  );
  return { sides, release: () => session.release() };
}

/** How much larger the process is after four times as many samples. */
async function grown(model: Model, image: RunTensor, masks: number): Promise<number> {
  const run = async (count: number) => {
    const program = await ExplainProgram.open(model, { methods: ['rise'], masks: count, sampleBatch: 8 });
    await program.run([image]);
    const { rss } = process.memoryUsage();
    await program.release();
    return rss / 1e6;
  };
  await run(masks);
  const before = await run(masks);
  return (await run(4 * masks)) - before;
}
