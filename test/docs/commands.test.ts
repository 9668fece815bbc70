import { describe, expect, it } from 'vitest';
import { allCommands, createProgram } from '../../src/cli/program.js';
import { resolveRecipe } from '../../src/recipe/resolve-recipe.js';
import { checkCommand, wordsOf } from './commands.js';
import { allDocuments } from './markdown.js';

const lines = allDocuments.flatMap(({ path, codeBlocks }) =>
  codeBlocks
    .filter(({ lang }) => lang === 'sh')
    .flatMap(({ text }) => text.split('\n'))
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => [path, line] as const),
);

describe('commands in documents', () => {
  it.each(lines)('%s: %s', async (_, line) => {
    await checkCommand(line);
  });

  it.each([
    ['an unknown flag', 'npx distill --student bnn-resnet20 --nothing', /nothing/],
    ['an unknown student', 'npx distill --student bnn-resnet21', /bnn-resnet21/],
    ['an unknown recipe', 'npx distill --recipe nothing', /nothing/],
    ['an unknown loss', 'npx distill --student bnn-resnet20 --loss nothing=1', /nothing/],
    ['an unknown key', 'npx distill --student bnn-resnet20 --set stages[0].nothing=1', /nothing/],
    ['an unknown teacher', 'npx distill eval --model nothing', /nothing/],
    ['an unknown script', 'npm run nothing', /nothing/],
    ['a file that is not there', 'node examples/nothing.mjs', /nothing/],
    ['an unknown target', 'make -C native nothing', /nothing/],
    ['an unknown program', 'nothing --help', /nothing/],
  ])('are refused with %s', async (_, line, message) => {
    await expect(checkCommand(line)).rejects.toThrow(message);
  });
});

// What docs/command-line.md says is written from the program itself.
const spans = allDocuments
  .filter(({ path }) => path !== 'docs/command-line.md')
  .flatMap(({ path, codeSpans }) => codeSpans.map((span) => [path, span] as const));
const program = createProgram(new AbortController().signal);
const longFlags = allCommands(program).flatMap(({ options }) => options.map(({ long }) => long));

/** Flags of npm's scripts. */
const ofScripts = ['--against', '--quick'];

describe('commands within sentences', () => {
  // They leave out what a command needs: its name and its flags are checked.
  it.each(spans.filter(([, span]) => /^(?:npx )?distill ./.test(span)))('%s: %s', (_, span) => {
    let words = wordsOf(span.replace(/^(?:npx )?distill (?:… ?|help ?)?/, ''));
    let command = program;
    for (;;) {
      const below = command.commands.find((each) => each.name() === words[0]);
      if (below === undefined) break;
      [command, words] = [below, words.slice(1)];
    }
    if (command.registeredArguments.length === 0) expect(words[0] ?? '--').toMatch(/^(?:--|<)/);
    const flags = words.filter((word) => word.startsWith('--'));
    expect([...command.options.map(({ long }) => long), '--help']).toEqual(expect.arrayContaining(flags));
  });

  it.each(spans.filter(([, span]) => /^--[a-z]/.test(span)))('%s: %s', async (_, span) => {
    const [flag, value = ''] = wordsOf(span);
    expect([...longFlags, '--help', ...ofScripts]).toContain(flag);
    if (flag === '--set' && /=[^<…]+$/.test(value) && value !== 'path=value')
      await resolveRecipe({ sets: ['student.name=bnn-resnet20', value] });
  });
});
