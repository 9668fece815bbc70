import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { repositoryFile } from '../../scripts/support/generated-parts.js';
import { writeFileAtomically } from '../../src/files/atomic-write.js';
import { resolveRecipe } from '../../src/recipe/resolve-recipe.js';
import { parseCard } from '../../src/teacher/card.js';
import { scratchFolder } from '../files/scratch.js';
import { allDocuments } from './markdown.js';

const blocks = allDocuments.flatMap(({ path, codeBlocks }) =>
  codeBlocks.map(({ lang = '', text }, i) => ({ title: `${path}, block ${i + 1}`, lang, text })),
);
const blocksOf = (language: string): typeof blocks => blocks.filter(({ lang }) => lang === language);

it('every block says its language, by which it is tested', () => {
  // commands.test.ts has those of the shell; `text` is what a program prints.
  const known = ['sh', 'ts', 'js', 'yaml', 'text'];
  expect(blocks.filter(({ lang }) => !known.includes(lang)).map(({ title }) => title)).toEqual([]);
});

const examples = readdirSync(repositoryFile('examples')).map((file) =>
  readFileSync(repositoryFile(`examples/${file}`), 'utf8').trimEnd(),
);

it.each(blocksOf('js'))('$title is a file of examples/, whose tests run it', ({ text }) => {
  expect(examples).toContain(text);
});

describe('TypeScript in documents', () => {
  // The programs stand beside this file, so that `bnn-distill` is the package as it is built.
  const programs = new Map(
    blocksOf('ts').map(({ title, text }, i) => [repositoryFile(`test/docs/shown-${i}.ts`), { title, text }]),
  );
  const { config } = ts.readConfigFile(repositoryFile('tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    readonly config: object;
  };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, repositoryFile('.'));
  const host = ts.createCompilerHost(options);
  const program = ts.createProgram([...programs.keys()], options, {
    ...host,
    fileExists: (path) => programs.has(path) || host.fileExists(path),
    readFile: (path) => programs.get(path)?.text ?? host.readFile(path),
    getSourceFile: (path, settings, ...rest) => {
      const shown = programs.get(path);
      return shown
        ? ts.createSourceFile(path, shown.text, settings)
        : host.getSourceFile(path, settings, ...rest);
    },
  });

  it.each([...programs].map(([path, { title }]) => [title, path]))('%s has right types', (_, path) => {
    const faults = ts.getPreEmitDiagnostics(program, program.getSourceFile(path));
    expect(faults.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
  });
});

describe('YAML in documents', () => {
  const folder = scratchFolder();

  it.each(blocksOf('yaml'))('$title is a recipe or a card', async ({ text }) => {
    if (examples.includes(text)) return;
    const value = parse(text) as object;
    if ('schema' in value) {
      expect(parseCard(text, 'card.yaml').schema).toBe(1);
      return;
    }
    const file = join(folder, 'shown.yaml');
    await writeFileAtomically(file, text);
    expect((await resolveRecipe({ recipe: file })).recipe.stages.length).toBeGreaterThan(0);
  });
});
