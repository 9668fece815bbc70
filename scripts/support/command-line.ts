import type { Command } from 'commander';
import { defaultText, general } from '../../src/cli/help.js';
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
  const operands = command.registeredArguments.map((one) => [
    code(help.argumentTerm(one)),
    text(help.argumentDescription(one)),
    one.required ? 'required' : '',
  ]);
  const flags = help
    .visibleOptions(command)
    // The page says once that every command has these.
    .filter(({ helpGroupHeading }) => command.parent === null || helpGroupHeading !== general)
    .map((one) => [
      code(one.flags),
      text(one.description),
      one.mandatory ? 'required' : text(defaultText(one) ?? '', false),
    ]);
  const rows = [...operands, ...flags];
  return [
    `## ${pathOf(command)}`,
    command.description(),
    `Usage: ${code(`${pathOf(command)} ${command.usage()}`)}`,
    ...(rows.length > 0 ? [markdownTable(['', 'what', 'default'], rows)] : []),
  ].join('\n\n');
}

const code = (words: string): string => `\`${words}\``;

/** A sentence of the help as Markdown, to which `<folder>` would be HTML. */
function text(words: string, isSentence = true): string {
  const first = isSentence ? words.charAt(0).toUpperCase() : words.charAt(0);
  return (first + words.slice(1)).replaceAll('<', '\\<');
}
