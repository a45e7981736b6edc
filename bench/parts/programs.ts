import { cost, costs as costsOf, interleave, quantile, ratio } from '../measure.ts';
import { NETWORKS } from '../networks.ts';
import { Peers, type PeerTask } from '../peers.ts';
import { openModel } from '../programs.ts';

export interface NetworkCosts {
  /** Milliseconds (`costs` of measure.ts). */
  plain: number;
  gradcam: number;
  saliency: number;
  peers: Partial<Record<PeerTask, number>>;
  /** Median plain time over its lower decile: how busy the machine was. */
  noise: number;
}

/** Programs beside plain predictions, then programs beside the peers, for every network. */
export async function measurePrograms(effort: number): Promise<Record<string, NetworkCosts>> {
  const peers = new Peers();
  const results: Record<string, NetworkCosts> = {};
  for (const name of Object.keys(NETWORKS)) {
    const model = await openModel(name);
    const slow = await model.sides.saliency();
    const blocks = (seconds: number, perBlock: number) =>
      Math.max(4, Math.min(40, Math.round((seconds * 1000 * effort) / perBlock)));
    const runs = slow < 60 ? 10 : 5;
    const own = await interleave(model.sides, { blocks: blocks(15, slow * 2 * runs), runs });
    const costs: NetworkCosts = {
      ...costsOf(own, 'plain'),
      noise: quantile(own.plain.flat(), 0.5) / cost(own.plain),
      peers: {},
    };
    await model.release();
    // The peers' threads and the runtime's would spin against each other inside a block: turns of several runs each.
    const again = await openModel(name);
    for (const task of PEER_TASKS) {
      if (task === 'torch-cam' && name.startsWith('vit')) continue; // it has no way to read tokens
      const side = peers.side(name, task);
      try {
        const one = await side().then(side);
        const ours = task === 'captum' ? 'saliency' : 'gradcam';
        const times = await interleave(
          { peer: side, plain: again.sides.plain, own: again.sides[ours] },
          { blocks: blocks(8, one * 4), runs: 3 },
        );
        costs.peers[task] = ratio(times.peer, times.own);
        costs.peers[`${task} in predictions` as PeerTask] = ratio(times.peer, times.plain);
      } catch (error) {
        console.error(String(error));
      }
    }
    await again.release();
    results[name] = costs;
    console.log(
      `${name.padEnd(24)} plain ${costs.plain.toFixed(1)} ms, Grad-CAM ${(costs.gradcam / costs.plain).toFixed(2)}, saliency ${(costs.saliency / costs.plain).toFixed(2)}, ` +
        Object.entries(costs.peers)
          .map(([task, ratio]) => `${task} ${ratio.toFixed(2)}`)
          .join(', '),
    );
  }
  peers.end();
  return results;
}

const PEER_TASKS: readonly PeerTask[] = ['pytorch-grad-cam', 'torch-cam', 'captum'];
