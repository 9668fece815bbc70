import { type Command, Option } from 'commander';

/** Accepts a flag of a command under its old name too, with a hint on stderr. docs/migrating.md lists these. */
export function acceptOldName(command: Command, old: string, now: Option): void {
  const [, value = ''] = now.flags.split(/(?= [<[])/);
  const option = new Option(`${old}${value}`, `the old name of ${now.long}`).hideHelp();
  command.addOption(option).on(`option:${option.name()}`, (given: unknown) => {
    process.stderr.write(`distill: ${old} is called ${now.long} now; the old name is accepted until 0.3.\n`);
    command.setOptionValueWithSource(now.attributeName(), given, 'cli');
  });
}
