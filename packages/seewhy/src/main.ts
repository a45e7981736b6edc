#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Command, CommanderError } from '@commander-js/extra-typings';
import type { Verb } from './command-help.ts';
import { commandLine } from './command-line.ts';
import { describeError, EXIT, errors, exitCodeOf } from './errors.ts';
import { err, say } from './talk.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/** Runs the command line; resolves to the exit code. */
async function main(args: readonly string[]): Promise<number> {
  let verb: Verb | undefined;
  const seewhy = commandLine(version, (chosen) => {
    verb = chosen;
  });
  const everyCommand = [
    seewhy,
    ...seewhy.commands,
    ...seewhy.commands.flatMap(({ commands }) => commands),
  ] as Command[];
  for (const command of everyCommand) {
    command.exitOverride();
    command.configureOutput({ outputError: () => undefined, writeErr: () => undefined });
  }
  if (args.length === 0) {
    say(seewhy.helpInformation().trimEnd());
    return EXIT.usage;
  }
  try {
    await seewhy.parseAsync(args as string[], { from: 'user' });
  } catch (error) {
    if (!isCommanderError(error)) throw error;
    if (error.exitCode === 0) return EXIT.ok;
    throw usageError(error, args, seewhy);
  }
  if (!verb) throw errors.unknownCommand(args[0]!, names(seewhy));
  return verb();
}

const isCommanderError = (error: unknown): error is CommanderError =>
  error instanceof Error && 'exitCode' in error && 'code' in error && String(error.code).startsWith('commander.');

const names = (seewhy: Command) => [...seewhy.commands.map((command) => command.name()), 'help'];

/** Commander's own sentences, with what to do about it. */
function usageError(error: CommanderError, args: readonly string[], seewhy: Command): Error {
  const verb = seewhy.commands.find((candidate) => candidate.name() === args[0]);
  const inner = verb?.commands.find((candidate) => candidate.name() === args[1]);
  const command = inner ?? verb ?? seewhy;
  const called = ['seewhy', ...[verb, inner].flatMap((one) => one?.name() ?? [])].join(' ');
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  const help = `'${called} --help' shows what it takes.`;
  switch (error.code) {
    case 'commander.unknownOption': {
      const flags = [...command.options, ...seewhy.options]
        .flatMap((option) => (option.long ? [option.long] : []))
        .concat('--help');
      return errors.unknownOption(quoted, flags, called, existsSync(quoted));
    }
    case 'commander.unknownCommand':
    case 'commander.help':
      return errors.unknownCommand(quoted || args[0]!, names(seewhy));
    case 'commander.missingArgument':
      return errors.usage(
        `'${called}' needs ${quoted === 'model' ? 'a model file' : quoted === 'source' ? 'a picture' : `<${quoted}>`}`,
        help,
      );
    case 'commander.optionMissingArgument':
      return errors.usage(`The option '${quoted}' needs a value`, help);
    case 'commander.missingMandatoryOptionValue':
      return errors.usage(`'${called}' needs the option '${quoted}'`, help);
    case 'commander.excessArguments':
      return errors.usage(`'${called}' got too many arguments`, help);
    default:
      return errors.usage(error.message.replace(/^error: /, '').split('\n')[0]!, help);
  }
}

// A closed pipe (`| head`) ends the talk, not the work's exit code.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT.ok);
});
process.stderr.on('error', () => undefined);

main(process.argv.slice(2))
  .catch((error: unknown) => {
    say(`${err.red('error')} ${describeError(error)}`);
    if (process.env.SEEWHY_DEBUG) say(error instanceof Error ? (error.stack ?? '') : String(error));
    return exitCodeOf(error);
  })
  .then((code) => {
    process.exitCode = code;
  });
