import { type Command, Help, Option } from 'commander';

/** The flags of a command that most users need, by what they are for. */
export type CommonFlags = Readonly<Record<string, readonly string[]>>;

const commonFlags = new WeakMap<Command, CommonFlags>();

/** Makes these the only flags that the short help of a command lists, in this order. */
export function showFirst(command: Command, flags: CommonFlags): void {
  commonFlags.set(command, flags);
}

/** The heading of the flags that every command has. */
export const general = 'General:';

/** Adds the flags that every command has. The short help leaves --debug out. */
export function addGeneralFlags(command: Command): void {
  command
    .addHelpOption(new Option('-h, --help [all]', 'this help; all: with every flag').helpGroup(general))
    .addOption(new Option('--debug', 'show the stack trace of an error').helpGroup(general));
}

/** How a command is typed, after its name. */
export function usageOf({ commands, registeredArguments }: Command): string {
  const operands = registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return ['[flags]', ...(commands.length > 0 ? ['[command]'] : []), ...operands].join(' ');
}

/** Whether arguments ask for the help with everything: `--help all`, `help <command> all`. */
export function asksForAll(args: readonly string[]): boolean {
  const isHelp = (arg: string | undefined): boolean => arg === '--help' || arg === '-h';
  return args.some((arg, i) => arg === 'all' && (isHelp(args[i - 1]) || args[0] === 'help'));
}

/**
 * How commands print their help. The short one lists the flags of {@link showFirst}, or all where a command has few, each with
 * the first sentence of its description; the whole one has every flag and sentence.
 */
export function helpStyle(isWhole: boolean): Partial<Help> {
  const usual = new Help();
  const shownOf = (text: string): string => (isWhole ? text : firstSentence(text).replace(/\.$/, ''));
  return {
    visibleOptions(command) {
      const all = usual.visibleOptions(command);
      const common = Object.entries(commonFlags.get(command) ?? {});
      const first = common.flatMap(([heading, flags]) =>
        flags.flatMap((flag) => all.find(({ long }) => long === flag)?.helpGroup(heading) ?? []),
      );
      const ofAll = all.filter(({ helpGroupHeading }) => helpGroupHeading === general);
      const rest = all.filter((option) => !first.includes(option) && !ofAll.includes(option));
      for (const option of rest) option.helpGroup(first.length > 0 ? 'More flags:' : 'Flags:');
      const shown = isWhole || first.length === 0 ? [...first, ...rest] : first;
      return [...shown, ...ofAll.filter(({ long }) => isWhole || long !== '--debug')];
    },
    groupItems<Item extends Command | Option>(_: Item[], shown: Item[], groupOf: (item: Item) => string) {
      const groups = new Map<string, Item[]>();
      for (const item of shown) groups.set(groupOf(item), [...(groups.get(groupOf(item)) ?? []), item]);
      return groups;
    },
    optionDescription: (option) => {
      const text = shownOf(option.description);
      const value = option.mandatory ? ' (required)' : defaultIn(option);
      const isNothing = defaultText(option) === nothing(option);
      const isShown = isWhole || (!isNothing && text.length + value.length <= besideFlags);
      return isShown ? text + value : text;
    },
    argumentDescription: ({ description }) => shownOf(description),
    commandDescription: (command) => command.description(),
    subcommandTerm: (command) => command.name(),
    subcommandDescription: (command) => firstSentence(command.description()),
  };
}

function firstSentence(text: string): string {
  return text.split(/(?<=\.) (?=[A-Z])/, 1)[0];
}

/** What the help says of the value that a flag has where it is not given; undefined where it says nothing. */
export function defaultText(option: Option): string | undefined {
  const { defaultValueDescription, helpGroupHeading } = option;
  const defaultValue = option.defaultValue as string | number | undefined;
  if (isRequired(option) || helpGroupHeading === general) return undefined;
  return defaultValueDescription ?? String(defaultValue ?? nothing(option));
}

/** Commander knows only the flags that must be there for the commands below, too. */
function isRequired({ mandatory, description }: Option): boolean {
  return mandatory || description.includes('(required)');
}

const nothing = (option: Option): string => (option.isBoolean() ? 'off' : 'none');

/** Columns of a screen of 80 that the short help has beside its flags. */
const besideFlags = 56;

const defaultIn = (option: Option): string => {
  const value = defaultText(option);
  return value === undefined ? '' : ` (default: ${value})`;
};
