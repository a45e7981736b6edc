/** What a long run tells about itself. */
export interface Progress {
  /** One more is done. `failed` counts it as not done well. */
  tick(failed?: boolean): void;
  /** How far the present one is, in steps of its own: `1200/4000 samples`. */
  within(done: number, total: number, unit: string): void;
  /** Removes the bar. */
  end(): void;
  /** Takes the bar away, so that a line can be written; it comes back with the next tick. */
  clear(): void;
}

export interface ProgressOptions {
  readonly total: number;
  /** What is counted: `pictures`. */
  readonly unit: string;
  readonly quiet: boolean;
  readonly stream?: NodeJS.WriteStream;
  readonly env?: NodeJS.ProcessEnv;
  readonly now?: () => number;
}

const BAR_EVERY = 100;
const LINE_EVERY = 10_000;

/** `1:05`, `2:03:00` */
export function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0
    ? `${h}:${String(m).padStart(2, '0')}:${String(s).padStart(2, '0')}`
    : `${m}:${String(s).padStart(2, '0')}`;
}

/**
 * Progress on stderr: one bar with rate and time left on a terminal, a plain line every 10 s elsewhere (also in `CI`), nothing
 * when quiet. The bar appears after half a second, so that short runs stay calm.
 */
export function startProgress(options: ProgressOptions): Progress {
  const { total, unit, quiet } = options;
  const stream = options.stream ?? process.stderr;
  const env = options.env ?? process.env;
  const now = options.now ?? (() => performance.now());
  const live = Boolean(stream.isTTY) && !truthy(env.CI) && env.TERM !== 'dumb';
  const begin = now();
  let done = 0;
  let failed = 0;
  let part = { share: 0, text: '' };
  let shown = 0;
  let last = begin;
  let ended = false;

  const wipe = () => {
    if (shown > 0) stream.write('\r\u001b[2K');
    shown = 0;
  };
  const text = () => {
    const seconds = (now() - begin) / 1000;
    const reached = done + part.share;
    const rate = reached / Math.max(seconds, 1e-3);
    const left = reached > 0 ? clock((total - reached) / rate) : '–';
    const bad = failed > 0 ? `, ${failed} failed` : '';
    return {
      seconds,
      rate,
      tail: `${done}/${total} ${unit}  ${rate.toFixed(rate < 10 ? 1 : 0)}/s  ${left} left${bad}${part.text}`,
    };
  };
  const draw = () => {
    const { tail } = text();
    const room = Math.min(30, (stream.columns ?? 80) - tail.length - 4);
    const full = Math.round(((done + part.share) / Math.max(total, 1)) * Math.max(room, 0));
    const bar = room >= 8 ? `${'━'.repeat(full)}${'╌'.repeat(room - full)}  ` : '';
    wipe();
    const line = `${bar}${tail}`.slice(0, Math.max((stream.columns ?? 80) - 1, 10));
    stream.write(line);
    shown = line.length;
  };
  const beat = () => {
    if (quiet || ended) return;
    const time = now();
    if (live && time - begin > 500 && time - last >= BAR_EVERY) {
      last = time;
      draw();
    } else if (!live && time - last >= LINE_EVERY) {
      last = time;
      stream.write(`${text().tail}\n`);
    }
  };
  // A slow picture must not silence the plain line.
  const timer = quiet ? undefined : setInterval(beat, live ? 500 : 1000).unref();
  return {
    tick: (bad = false) => {
      done++;
      part = { share: 0, text: '' };
      if (bad) failed++;
      beat();
    },
    within: (at, of, what) => {
      part = { share: Math.min(1, at / Math.max(of, 1)), text: `  ${at}/${of} ${what}` };
      beat();
    },
    clear: wipe,
    end: () => {
      ended = true;
      clearInterval(timer);
      wipe();
    },
  };
}

/** `CI=true`, `CI=1`: set and not switched off. */
export const truthy = (value: string | undefined): boolean =>
  value !== undefined && value !== '' && value !== '0' && value.toLowerCase() !== 'false';
