import { Command, CommanderError, Option } from 'commander';
import { InputError, RunError } from '../errors.js';
import { nearestNames } from '../nearest.js';
import { addCacheCommand } from './cache-command.js';
import { addCardCommand } from './card-command.js';
import { addConfigCommand } from './config-command.js';
import { addDataCommand } from './data-command.js';
import { addDoctorCommand } from './doctor-command.js';
import { addExportCommand } from './export-command.js';
import { addTeachCommand } from './teach-command.js';
import { addEvalCommand } from './eval-command.js';
import { addInspectCommand } from './inspect-command.js';
import { reportError } from './report-error.js';
import { Interrupted } from './interrupted.js';
import { addResumeCommand } from './resume-command.js';
import { addHelpCommand } from './help-command.js';
import { addGeneralFlags, asksForAll, general, helpStyle, usageOf } from './help.js';
import { addRecipesCommand } from './recipes-command.js';
import { addRerunCommand } from './rerun-command.js';
import { addRunsCommand } from './runs-command.js';
import { addTrainOptions } from './train-command.js';
import { versionText } from './version.js';

const examples = [
  'distill --teacher cifar10-resnet20 --student bnn-resnet20',
  'distill inspect cifar10-resnet20',
];
const moreExamples = [
  'distill --teacher cifar10-resnet20 --student bnn-resnet20 --epochs 3 --lr 2e-3 --loss features=0',
  'distill eval --model cifar10-resnet20',
  'distill cache --teacher cifar10-resnet20 --views 4 --out cache',
  'distill --teacher cache --student bnn-resnet20',
  'distill --teacher cifar10-resnet20 --student bnn-resnet20 --data cifar10:<folder> --epochs 100',
];

/**
 * The commands and flags of distill.
 *
 * @param signal aborts the work of a command
 * @param wholeHelp whether help is printed with every flag and sentence; default the short one
 */
export function createProgram(signal: AbortSignal, { wholeHelp = false } = {}): Command {
  const shown = wholeHelp ? [...examples, ...moreExamples] : examples;
  const program = new Command('distill')
    .description('Trains binary (1-bit) neural networks by knowledge distillation.')
    .addHelpText('before', `${shown.join('\n')}\n`)
    .configureHelp(helpStyle(wholeHelp))
    .helpCommand(false)
    .enablePositionalOptions();
  addTrainOptions(program, signal);
  addTeachCommand(program, signal);
  addExportCommand(program, signal);
  addEvalCommand(program, signal);
  addInspectCommand(program);
  addCardCommand(program);
  addCacheCommand(program, signal);
  addRecipesCommand(program);
  addConfigCommand(program);
  addResumeCommand(program, signal);
  addRunsCommand(program);
  addRerunCommand(program, signal);
  addDoctorCommand(program);
  addDataCommand(program);
  addHelpCommand(program);
  for (const command of allCommands(program)) {
    addGeneralFlags(command);
    // Errors are ours to print: cause, nearest, fix.
    command
      .usage(usageOf(command))
      .helpCommand(false)
      .configureOutput({ writeErr: () => undefined })
      .exitOverride((exit) => {
        throw exit.exitCode === 0 ? exit : usageError(exit, command);
      });
  }
  return addVersionFlag(program);
}

function addVersionFlag(program: Command): Command {
  const option = new Option('--version', 'version, commit and instruction set').helpGroup(general);
  return program.addOption(option).on('option:version', () => {
    process.stdout.write(`${versionText()}\n`);
    throw new CommanderError(0, 'commander.version', '');
  });
}

/** A command and those below it. */
export function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

/**
 * Runs the command line.
 *
 * @param args without the program's own name
 * @returns the exit code: 0, 2 for usage and input, 1 for a failure, 130 or 143 for SIGINT or SIGTERM
 */
export async function runCli(args: readonly string[]): Promise<number> {
  const controller = new AbortController();
  const interrupt = (signal: 'SIGINT' | 'SIGTERM'): void => {
    const interrupted = new Interrupted(signal);
    if (controller.signal.aborted) process.exit(interrupted.exitCode);
    controller.abort(interrupted);
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const program = createProgram(controller.signal, { wholeHelp: asksForAll(args) });
  let active = program;
  program.hook('preAction', (_, command) => {
    active = command;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const reason: unknown = controller.signal.reason;
    if (reason instanceof Interrupted && !(error instanceof RunError)) {
      process.stderr.write('\ndistill: interrupted.\n');
      return reason.exitCode;
    }
    return reportError(error, active, args.includes('--debug'));
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** A usage error of a command in our words, with the flags or commands nearest to what was typed. */
function usageError(error: CommanderError, command: Command): InputError {
  const fix = `see ${pathOf(command)} --help`;
  const names = command.commands.map((sub) => sub.name());
  switch (error.code) {
    case 'commander.unknownOption': {
      const typed = /'([^']*)'/.exec(error.message)?.[1] ?? '';
      const flags = command.options.map(({ long }) => long ?? '').filter((flag) => flag !== '');
      return new InputError(`unknown flag '${typed}'.`, {
        nearest: nearestNames(typed.split('=')[0], flags),
        fix,
      });
    }
    case 'commander.unknownCommand':
    case 'commander.excessArguments': {
      const word = command.args[command.registeredArguments.length] ?? '';
      return new InputError(`unexpected argument '${word}'.`, { nearest: nearestNames(word, names), fix });
    }
    // Commander's way to say that a command which only groups others was called alone.
    case 'commander.help':
      return new InputError(`${pathOf(command)} needs one of its commands: ${names.join(', ')}.`, { fix });
    default:
      return new InputError(`${error.message.replace(/^error: |\.$/g, '')}.`, { fix });
  }
}

/** A command as it is typed. */
export function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
