import type { Graph } from '@seewhy/onnx';
import type { RunTensor, Runtime, Session } from './runtime.ts';

/**
 * A graph is opened for one batch once its runs of that batch have taken this many times as long as opening it: the tenth of the time that
 * a fixed batch saves has then paid for it, or will.
 */
const WORTH = 8;

/**
 * Opens a differentiated graph whose batch is free so that a batch that comes again and again runs in a session of its own, with all input
 * sizes fixed. ONNX Runtime's CPU provider keeps channels in blocks only where it can tell that two values have equal shapes, and of
 * what the backward pass brings together it cannot tell it while the batch has no number (measured, kernel time of saliency in batches of 4:
 * ResNet-50 2.71 -> 2.33 predictions). Other batches, such as the last of a run, go to the session with the free batch.
 * @param only every run has the same sizes: there is nothing to wait for
 */
export async function openFitted(runtime: Runtime, graph: Graph, only: boolean): Promise<Session> {
  if (runtime.profile !== 'native' || !graph.hasFreeSizes) return runtime.open(graph);
  return new FittedSession(runtime, graph, only);
}

type Feeds = Readonly<Record<string, RunTensor>>;

class FittedSession implements Session {
  private readonly runtime: Runtime;
  private readonly graph: Graph;
  private readonly only: boolean;
  private free: { readonly session: Session; readonly opening: number } | undefined;
  private fitted: { readonly sizes: string; readonly session: Session } | undefined;
  /** Milliseconds in the free session by input sizes. */
  private readonly spent = new Map<string, number>();
  private queue: Promise<unknown> = Promise.resolve();

  constructor(runtime: Runtime, graph: Graph, only: boolean) {
    this.runtime = runtime;
    this.graph = graph;
    this.only = only;
  }

  /** One after the other: a session is not released while another run waits for it. */
  run(feeds: Feeds, outputs?: readonly string[]): Promise<Record<string, RunTensor>> {
    return this.inTurn(async () => {
      const sizes = sizesOf(feeds);
      const { free } = this;
      const fit = free ? (this.spent.get(sizes) ?? 0) > WORTH * free.opening : this.only;
      if (this.fitted?.sizes !== sizes && fit) await this.fit(feeds, sizes);
      if (this.fitted?.sizes === sizes) return this.fitted.session.run(feeds, outputs);
      const { session } = await this.openFree();
      const start = performance.now();
      const results = await session.run(feeds, outputs);
      this.spent.set(sizes, (this.spent.get(sizes) ?? 0) + performance.now() - start);
      return results;
    });
  }

  private async openFree() {
    if (!this.free) {
      const start = performance.now();
      const session = await this.runtime.open(this.graph);
      this.free = { session, opening: performance.now() - start };
    }
    return this.free;
  }

  private async fit(feeds: Feeds, sizes: string): Promise<void> {
    await this.fitted?.session.release();
    this.fitted = undefined;
    this.spent.clear();
    const inputs = this.graph.inputs.map((input) => {
      const fed = feeds[input.name];
      return fed ? input.withShape(fed.dims) : input;
    });
    this.fitted = { sizes, session: await this.runtime.open(this.graph.with({ inputs })) };
  }

  release(): Promise<void> {
    return this.inTurn(async () => {
      await this.free?.session.release();
      await this.fitted?.session.release();
    });
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.queue.then(work, work);
    this.queue = turn.catch(() => undefined);
    return turn;
  }
}

const sizesOf = (feeds: Feeds) =>
  Object.entries(feeds)
    .map(([name, { dims }]) => `${name}:${dims.join('x')}`)
    .sort()
    .join();
