import { out } from './talk.ts';

/** Runs a verb; resolves to the exit code. */
export type Verb = () => Promise<number>;

/** Examples below the help of a verb. */
export const examples = (...lines: [command: string, what: string][]): string => {
  const longest = Math.min(Math.max(...lines.map(([command]) => command.length)), 64);
  return `\nExamples:\n${lines.map(([command, what]) => `  $ ${command.padEnd(longest)}  ${out.dim(what)}`).join('\n')}\n`;
};

export const EXITS =
  '\nExit codes: 0 done · 1 a gate failed (some inputs may have, too) · 2 wrong usage · 3 model not supported · 4 some inputs failed, the rest is done · 130 interrupted\n';
