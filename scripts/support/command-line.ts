import type { Command } from 'commander';
import { defaultText } from '../../src/cli/help.js';
import { allCommands, createProgram, pathOf } from '../../src/cli/program.js';
import { markdownTable } from './markdown-table.js';

/** Every command with its arguments and flags, as sections of a document. */
export function commandsText(): string {
  const program = createProgram(new AbortController().signal, { wholeHelp: true });
  return allCommands(program)
    .filter((command) => command.name() !== 'help')
    .map(sectionOf)
    .join('\n\n');
}

function sectionOf(command: Command): string {
  const help = command.createHelp();
  const code = (text: string): string => `\`${text}\``;
  const operands = command.registeredArguments.map((one) => [
    code(help.argumentTerm(one)),
    sentence(help.argumentDescription(one)),
    one.required ? 'required' : '',
  ]);
  const flags = help
    .visibleOptions(command)
    .map((one) => [
      code(one.flags),
      sentence(one.description),
      one.mandatory ? 'required' : (defaultText(one) ?? ''),
    ]);
  return [
    `## ${pathOf(command)}`,
    command.description(),
    `Usage: ${code(`${pathOf(command)} ${command.usage()}`)}`,
    markdownTable(['', 'what', 'default'], [...operands, ...flags]),
  ].join('\n\n');
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
