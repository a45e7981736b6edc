import type { Graph } from '@seewhy/onnx';
import type { RunTensor, Runtime, Session } from './runtime.ts';

/**
 * A graph is opened for one batch once its runs of that batch have taken this many times as long as opening it: the tenth of the time that
 * a fixed batch saves has then paid for it, or will.
 */
const WORTH = 8;

/** Another batch must take so many times longer than the one before to take its place: what wavers settles. */
const PATIENCE = 2;

export interface FittedPlan {
  /** Makes the graph: for any batch, or for the sizes of these feeds alone. Inputs, outputs and their names are the same. */
  readonly build: (feeds?: Feeds) => Graph;
  /** Every run has the same sizes: there is nothing to wait for. */
  readonly only: boolean;
  /** Whether the runtime itself runs known sizes faster; otherwise they are worth a session only where they make another graph. */
  readonly faster: boolean;
}

/**
 * Opens a graph whose batch is free so that a batch that comes again and again runs in a session of its own, built for it, with all input
 * sizes fixed. ONNX Runtime's CPU provider keeps channels in blocks only where it can tell that two values have equal shapes, and of
 * what the backward pass brings together it cannot tell it while the batch has no number (measured, kernel time of saliency in batches of 4:
 * ResNet-50 2.71 -> 2.33 predictions); gates of channels are written for blocks only then. Other batches, such as the last of a run, go to
 * the session with the free batch.
 */
export async function openFitted(runtime: Runtime, plan: FittedPlan): Promise<Session> {
  if (runtime.profile === 'native') return new FittedSession(runtime, plan);
  const { session, run } = await open(runtime, plan.build());
  return { run, release: () => session.release() };
}

type Feeds = Readonly<Record<string, RunTensor>>;

interface Opened {
  readonly session: Session;
  readonly nodes: number;
  /** Runs it with those of the feeds that it has inputs for. */
  readonly run: Session['run'];
}

async function open(runtime: Runtime, graph: Graph): Promise<Opened> {
  const session = await runtime.open(graph);
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  return {
    session,
    nodes: graph.nodes.length,
    run: (feeds, outputs) =>
      session.run(Object.fromEntries(Object.entries(feeds).filter(([name]) => inputs.has(name))), outputs),
  };
}

class FittedSession implements Session {
  private readonly runtime: Runtime;
  private readonly plan: FittedPlan;
  private free: { readonly opened: Opened; readonly opening: number } | undefined;
  private fitted: { readonly sizes: string; readonly opened: Opened } | undefined;
  /** Milliseconds in the free session by input sizes, since the fitted one was last used. */
  private readonly spent = new Map<string, number>();
  /** How often it has been fitted. */
  private fits = 0;
  /** Sizes make no other graph, and nothing is gained. */
  private same = false;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(runtime: Runtime, plan: FittedPlan) {
    this.runtime = runtime;
    this.plan = plan;
  }

  /** One after the other: a session is not released while another run waits for it. */
  run(feeds: Feeds, outputs?: readonly string[]): Promise<Record<string, RunTensor>> {
    return this.inTurn(async () => {
      const sizes = sizesOf(feeds);
      const { free } = this;
      const due = free
        ? !this.same && (this.spent.get(sizes) ?? 0) > WORTH * PATIENCE ** this.fits * free.opening
        : this.plan.only;
      if (this.fitted?.sizes !== sizes && due) await this.fit(feeds, sizes);
      if (this.fitted?.sizes === sizes) {
        this.spent.clear();
        return this.fitted.opened.run(feeds, outputs);
      }
      const { opened } = await this.openFree();
      const start = performance.now();
      const results = await opened.run(feeds, outputs);
      this.spent.set(sizes, (this.spent.get(sizes) ?? 0) + performance.now() - start);
      return results;
    });
  }

  private async openFree() {
    if (!this.free) {
      const graph = this.plan.build();
      const start = performance.now();
      const opened = await open(this.runtime, graph);
      this.free = { opened, opening: performance.now() - start };
    }
    return this.free;
  }

  private async fit(feeds: Feeds, sizes: string): Promise<void> {
    const graph = this.plan.build(feeds);
    if (this.free && !this.plan.faster && graph.nodes.length === this.free.opened.nodes) {
      this.same = true;
      return;
    }
    await this.fitted?.opened.session.release();
    this.fitted = undefined;
    this.spent.clear();
    this.fitted = { sizes, opened: await open(this.runtime, graph) };
    this.fits++;
  }

  release(): Promise<void> {
    return this.inTurn(async () => {
      await this.free?.opened.session.release();
      await this.fitted?.opened.session.release();
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
