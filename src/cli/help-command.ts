import type { Command } from 'commander';
import { InputError } from '../errors.js';
import { nearestNames } from '../nearest.js';

/** Adds `distill help`. */
export function addHelpCommand(program: Command): void {
  program
    .command('help', { hidden: true })
    .description('Prints the help of a command.')
    .argument('[command...]', 'a command such as `cache merge`; all at the end: with every flag')
    .action((words: string[]) => {
      let command = program;
      for (const word of words.at(-1) === 'all' ? words.slice(0, -1) : words) command = below(command, word);
      command.outputHelp();
    });
}

function below(command: Command, name: string): Command {
  const found = command.commands.find((one) => one.name() === name);
  if (found) return found;
  const names = command.commands.map((one) => one.name());
  throw new InputError(`there is no command '${name}'.`, {
    nearest: nearestNames(name, names),
    fix: 'see distill --help',
  });
}
