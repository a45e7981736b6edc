import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Side } from './measure.ts';
import { python, root } from './places.ts';

export type PeerTask = 'predict' | 'pytorch-grad-cam' | 'torch-cam' | 'captum' | 'captum-ig' | 'scorecam' | 'rise';

/** The Python peers in a process of their own, which times itself and runs only when asked to. */
export class Peers {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly lines: AsyncIterator<string>;

  constructor() {
    this.child = spawn(python, [join(root, 'bench', 'peers', 'serve.py')], { stdio: 'pipe' });
    this.child.stderr.resume();
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** Milliseconds of one run. */
  side(model: string, task: PeerTask): Side {
    return async () => {
      this.child.stdin.write(`${model} ${task}\n`);
      for (;;) {
        const { value, done } = await this.lines.next();
        if (done) throw new Error(`the Python peers ended while running ${task} on ${model}`);
        const milliseconds = Number(value);
        if (Number.isFinite(milliseconds)) return milliseconds;
        if (value.startsWith('error')) throw new Error(`${task} on ${model}: ${value.slice(6)}`);
      }
    };
  }

  end(): void {
    this.child.stdin.end();
  }
}
