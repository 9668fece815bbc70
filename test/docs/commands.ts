import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { allCommands, createProgram } from '../../src/cli/program.js';
import { type RecipeFlags, recipeOf } from '../../src/cli/recipe-options.js';
import { networkNames } from '../../src/models/create-network.js';
import { repositoryFile } from '../../scripts/support/generated-parts.js';

/**
 * What the documents name and the repository does not have, each with the reason. A command that names anything else is
 * refused by {@link checkCommand}.
 */
const ofTheReader: Readonly<Record<string, string>> = {
  'my-model.onnx': 'a model of the reader',
  'resnet34.onnx': 'a model of the reader, or what scripts/make-resnet34.ts writes',
  'resnet20.onnx': 'what distill export writes',
  'first.onnx,second.onnx': 'two models of the reader',
  'runs/bnn-resnet20-1': 'the first run of the reader',
  'runs/bnn-resnet20-3': 'a later run of the reader',
  'runs/resnet20-1': 'the run of distill teach',
  'runs/resnet20-1/resnet20-relu.onnx': 'what distill teach writes',
  latest: 'the newest run, a word of distill resume',
  cache: 'a cache that the command before it makes',
  'shard-1': 'one part of a cache',
  'shard-2': 'another part of a cache',
  photos: 'a folder of images of the reader',
  'imagefolder:photos': 'the same as data',
  'cifar-10-batches-bin': 'the folder of the full CIFAR-10',
};

/** Commands that install something, which a test must not do. */
const installing = /^(?:npm (?:ci|install)|pip install|apt-get (?:update|install))\b/;

/** Recipes that import modules; test/examples/custom.test.ts trains with them. */
const trainedElsewhere: ReadonlySet<string> = new Set([
  'examples/custom-recipe.yaml',
  'examples/custom-attention.yaml',
]);

interface PackageFile {
  readonly scripts: Readonly<Record<string, string>>;
}
const { scripts } = JSON.parse(readFileSync(repositoryFile('package.json'), 'utf8')) as PackageFile;

/**
 * Checks one line of a shell block: the program, its flags, the recipes, networks and files that it names.
 *
 * @throws Error that says what is wrong
 */
export async function checkCommand(line: string): Promise<void> {
  const command = line
    .replace(/\s#\s.*$/, '')
    .replace(/^(?:[A-Z_]+=\S+ )+/, '')
    .trim();
  if (installing.test(command)) return;
  const [program, ...args] = wordsOf(command);
  if (program === 'distill') return checkDistill(args);
  if (program === 'npx' && args[0] === 'distill') return checkDistill(args.slice(1));
  if (program === 'npm') return checkScript(args);
  if (program === 'npx' && ['vitest', 'tsx'].includes(args[0]))
    return checkFiles(args.slice(args[1] === 'run' ? 2 : 1));
  if (program === 'node' || program === 'python3') return checkFiles(args.slice(0, 1));
  if (program === 'make') return checkTarget(args);
  throw new Error(`no check knows the program of: ${command}`);
}

/** The words of a shell command; quotes hold words together. */
export function wordsOf(command: string): string[] {
  const words = command.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
  return words.map((word) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => String(single ?? double)),
  );
}

/** The command that distill would run with these arguments; nothing is run. */
function parseDistill(args: readonly string[]): Command {
  const program = createProgram(new AbortController().signal);
  const ran: Command[] = [];
  for (const command of allCommands(program)) command.action(() => void ran.push(command));
  program.parse([...args], { from: 'user' });
  const [command] = ran;
  if (command === undefined) throw new Error(`distill ${args.join(' ')} runs no command`);
  return command;
}

async function checkDistill(args: readonly string[]): Promise<void> {
  const command = parseDistill(args);
  const [name, operands, flags] = [command.name(), command.args, command.opts<RecipeFlags>()];
  const recipe = (name === 'config' ? operands[0] : flags['recipe']) as string | undefined;
  if (recipe !== undefined && trainedElsewhere.has(recipe)) return checkFiles([recipe]);
  if (['distill', 'teach', 'config'].includes(name)) await recipeOf(recipe, flags);
  else if (recipe !== undefined) await recipeOf(recipe, {});
  const named = [
    ...(name === 'config' || name === 'recipes' ? [] : operands),
    flags['teacher'],
    flags['model'],
  ];
  for (const thing of named) {
    if (typeof thing === 'string' && !isKnown(thing))
      throw new Error(`'${thing}' is nowhere, in: distill ${args.join(' ')}`);
  }
  if (name === 'recipes' && operands[0] !== undefined) await recipeOf(operands[0], {});
}

function isKnown(thing: string): boolean {
  return (
    thing in ofTheReader ||
    networkNames.includes(thing) ||
    existsSync(repositoryFile(`teachers/${thing}.yaml`))
  );
}

function checkScript([first, ...rest]: readonly string[]): void {
  const names = [first, ...rest].filter((word) => !word.startsWith('-') && word !== 'run');
  const name = first === 'test' ? 'test' : names[0];
  if (name === undefined || !(name in scripts)) throw new Error(`package.json has no script '${name}'`);
}

function checkFiles(paths: readonly string[]): void {
  for (const path of paths) {
    if (path.startsWith('-')) return;
    if (!existsSync(repositoryFile(path)) && !(path in ofTheReader)) throw new Error(`there is no ${path}`);
  }
}

function checkTarget(args: readonly string[]): void {
  const folder = args[args.indexOf('-C') + 1];
  const makefile = readFileSync(repositoryFile(`${folder}/Makefile`), 'utf8');
  for (const target of args.filter((word) => !word.startsWith('-') && word !== folder)) {
    if (!new RegExp(`^${target}:`, 'm').test(makefile))
      throw new Error(`${folder}/Makefile has no target ${target}`);
  }
}
