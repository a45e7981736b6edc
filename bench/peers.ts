import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Side } from './measure.ts';
import { type Environment, pythonOf, root } from './places.ts';

export type PeerTask = 'predict' | 'pytorch-grad-cam' | 'torch-cam' | 'captum' | 'captum-ig' | 'scorecam' | 'rise';
/** Of the tensorflow environment. */
export type KerasPeer = 'tf-explain' | 'tf-keras-vis' | 'xplique';
export type KerasTask = `${KerasPeer}-${'gradcam' | 'saliency'}`;

const SERVERS: Record<Environment, string> = { torch: 'serve.py', tensorflow: 'serve_keras.py' };

/** The Python peers in a process of their own, which times itself and runs only when asked to. */
export class Peers {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly lines: AsyncIterator<string>;

  constructor(environment: Environment = 'torch') {
    this.child = spawn(pythonOf(environment), [join(root, 'bench', 'peers', SERVERS[environment])], { stdio: 'pipe' });
    this.child.stderr.resume();
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** Milliseconds of one run. */
  side(model: string, task: PeerTask | KerasTask): Side {
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
