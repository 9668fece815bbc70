import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { InputError } from '../errors.js';
import { nearestNames } from '../nearest.js';
import { addCardCommand } from './card-command.js';
import { addEvalCommand } from './eval-command.js';
import { addInspectCommand } from './inspect-command.js';
import { reportError } from './report-error.js';
import { addTrainOptions } from './train-command.js';

const examples = `Commands that work as they stand:
  distill --teacher teachers/cifar10-resnet20.onnx --student bnn-resnet20            (on the embedded sample of CIFAR-10)
  distill --teacher teachers/cifar10-resnet20.onnx --student bnn-resnet20 --epochs 3 --lr 2e-3 --loss features=0
  distill eval --model teachers/cifar10-resnet20.onnx
  distill inspect teachers/cifar10-resnet20.onnx
On the full data set:
  distill --teacher teachers/cifar10-resnet20.onnx --student bnn-resnet20 --data cifar10:<folder> --epochs 100
`;

function createProgram(signal: AbortSignal): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const program = new Command('distill')
    .description(
      'Trains binary (1-bit) neural networks by knowledge distillation from full-precision teachers.',
    )
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .addHelpText('before', examples)
    .option('--debug', 'show the stack trace of an error (default: off)')
    .enablePositionalOptions();
  addTrainOptions(program, signal);
  addEvalCommand(program, signal);
  addInspectCommand(program);
  addCardCommand(program);
  for (const command of [program, ...program.commands.flatMap((sub) => [sub, ...sub.commands])]) {
    if (command !== program) {
      command
        .helpOption('--help', 'print this help')
        .option('--debug', 'show the stack trace of an error (default: off)');
    }
    // Errors are ours to print: cause, nearest, fix.
    command.exitOverride().configureOutput({ writeErr: () => undefined });
  }
  return program;
}

/**
 * Runs the command line.
 *
 * @param args without the program's own name
 * @returns the exit code: 0, 2 for usage and input, 1 for a failure, 130 for an interrupt
 */
export async function runCli(args: readonly string[]): Promise<number> {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new Interrupted());
  };
  process.on('SIGINT', interrupt);
  const program = createProgram(controller.signal);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (controller.signal.aborted) {
      process.stderr.write('\ndistill: interrupted.\n');
      return 130;
    }
    const shown = error instanceof CommanderError ? usageError(error, program, args) : error;
    return reportError(shown, args.includes('--debug'));
  } finally {
    process.off('SIGINT', interrupt);
  }
}

class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** A usage error in our words, with the flags or commands nearest to what was typed. */
function usageError(error: CommanderError, program: Command, args: readonly string[]): InputError {
  const command = commandOf(program, args);
  const fix = `see ${pathOf(command)} --help`;
  const typed = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  switch (error.code) {
    case 'commander.unknownOption': {
      const flags = command.options.map(({ long }) => long ?? '').filter((flag) => flag !== '');
      return new InputError(`unknown flag '${typed}'.`, {
        nearest: nearestNames(typed.split('=')[0]!, flags),
        fix,
      });
    }
    case 'commander.unknownCommand':
    case 'commander.excessArguments': {
      const names = command.commands.map((sub) => sub.name());
      const word =
        typed !== '' ? typed : (args.find((arg) => !arg.startsWith('-') && !names.includes(arg)) ?? '');
      return new InputError(`unexpected argument '${word}'.`, { nearest: nearestNames(word, names), fix });
    }
    default:
      return new InputError(`${error.message.replace(/^error: /, '')}.`, { fix });
  }
}

function commandOf(program: Command, args: readonly string[]): Command {
  let command = program;
  for (const arg of args) {
    const next = command.commands.find((sub) => sub.name() === arg);
    if (!next) break;
    command = next;
  }
  return command;
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
