import { ExplainProgram, type Method, noiseImage, type RunTensor, type Session } from '@seewhy/core';
import { EXIT, errors } from '../errors.ts';
import { givenLayers } from '../given-layers.ts';
import { interruptible } from '../interrupt.ts';
import { openModel } from '../open-model.ts';
import { loadOptions, type ModelOptions } from '../options.ts';
import { startProgress } from '../progress.ts';
import { err, out, print, say, table } from '../talk.ts';

interface BenchOptions extends ModelOptions {
  method?: string[];
  layer?: string[];
  runs?: number;
  json?: true;
}

interface Row {
  readonly name: string;
  readonly milliseconds: number;
  readonly ratio: number;
  /** Lower and upper quartile, in milliseconds. */
  readonly quartiles: readonly [number, number];
}

/** `seewhy bench MODEL` */
export async function bench(path: string, options: BenchOptions): Promise<number> {
  const opened = await openModel(path, loadOptions(options));
  const { model } = opened;
  const support = model.methods();
  const supported = support.filter((entry) => entry.supported).map((entry) => entry.method);
  const methods = options.method ? await named(options.method) : supported;
  if (methods.length === 0) throw errors.noClasses('measure');
  const runs = options.runs ?? 20;
  const input = noiseImage(model);
  const layers = givenLayers(options.layer, opened);
  const programs: { method: Method; program: ExplainProgram }[] = [];
  const progress = startProgress({ total: runs, unit: 'rounds', quiet: options.quiet === true });
  let plain: Session | undefined;
  try {
    const feeds = model.feeds([input]);
    plain = await model.runtime.open(model.graph);
    const session = plain;
    for (const method of methods) {
      programs.push({
        method,
        program: await ExplainProgram.open(model, { methods: [method.name], ...layers }),
      });
    }
    const times = await interruptible((signal) =>
      measure(session, feeds, programs, input, runs, signal, () => progress.tick()),
    );
    progress.end();
    const rows: Row[] = [
      row('plain prediction', times.plain, times.plain),
      ...programs.map(({ method }, i) => row(method.name, times.methods[i]!, times.plain)),
    ];
    const skipped = options.method ? [] : support.filter((entry) => !entry.supported);
    if (options.json) {
      const unsupported = skipped.map(({ method, reason }) => ({ name: method.name, reason: reason ?? null }));
      print(
        JSON.stringify(
          { schema: 'seewhy/bench/v1', model: path, runtime: model.runtime.name, runs, rows, unsupported },
          null,
          2,
        ),
      );
      return EXIT.ok;
    }
    if (!options.quiet) for (const notice of opened.notices) say(err.dim(notice));
    print(
      `${out.bold(path)}  ${out.dim(`${model.runtime.name} · median of ${runs} interleaved runs, one picture each`)}`,
    );
    print();
    const head = ['', 'ms', 'quartiles', 'predictions'].map((text) => out.dim(text));
    print(
      table(
        [
          head,
          ...rows.map(({ name, milliseconds, quartiles, ratio }) => [
            name,
            milliseconds.toFixed(2),
            out.dim(`${quartiles[0].toFixed(2)}–${quartiles[1].toFixed(2)}`),
            `${ratio.toFixed(2)} ${out.dim('━'.repeat(Math.min(Math.round(ratio * 10), 60)))}`,
          ]),
        ],
        3,
        '  ',
      ),
    );
    for (const { method, reason } of skipped) print(out.dim(`  ${method.name}: ${reason}`));
    return EXIT.ok;
  } finally {
    progress.end();
    await plain?.release();
    for (const { program } of programs) await program.release();
  }
}

async function named(names: readonly string[]): Promise<Method[]> {
  const { findMethod } = await import('@seewhy/core');
  return [...new Set(names.map(findMethod))];
}

/** All in turn, so that a busy moment of the machine hits all alike; the first two rounds warm up. */
async function measure(
  plain: Session,
  feeds: Record<string, RunTensor>,
  programs: readonly { program: ExplainProgram }[],
  input: RunTensor,
  runs: number,
  signal: AbortSignal,
  tick: () => void,
) {
  const times = { plain: [] as number[], methods: programs.map((): number[] => []) };
  for (let round = -2; round < runs; round++) {
    signal.throwIfAborted();
    const start = performance.now();
    await plain.run(feeds);
    if (round >= 0) times.plain.push(performance.now() - start);
    for (const [i, { program }] of programs.entries()) {
      const [items] = await program.run([input]);
      if (round >= 0) times.methods[i]!.push(items![0]!.provenance.runMilliseconds);
    }
    if (round >= 0) tick();
    // Let a Ctrl-C in.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return times;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  return sorted[low]! + (at - low) * ((sorted[low + 1] ?? sorted[low]!) - sorted[low]!);
}

const median = (values: readonly number[]) => quantile(values, 0.5);

/** The ratio is the median over the rounds: a machine that changes its speed between two rounds does not change it. */
function row(name: string, times: readonly number[], plain: readonly number[]): Row {
  const ratio = median(times.map((time, round) => time / plain[round]!));
  return { name, milliseconds: median(times), ratio, quartiles: [quantile(times, 0.25), quantile(times, 0.75)] };
}
