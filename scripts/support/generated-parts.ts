import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lossTable } from '../../src/losses/loss-table.js';
import { builtInRecipes } from '../../src/recipe/recipe-file.js';
import { resolveRecipe } from '../../src/recipe/resolve-recipe.js';
import { markdownTable } from './markdown-table.js';
import { commandsText } from './command-line.js';
import { movedNamesTable } from './moved-names.js';
import { performanceTable } from './performance-table.js';
import { recipeKeysTable } from './recipe-keys.js';

/**
 * What writes the generated parts of the documents, by the name in the marker: `<!-- generated:name argument -->` begins a part,
 * `<!-- end -->` ends it.
 */
const writers: Readonly<Record<string, (argument: string) => string | Promise<string>>> = {
  'recipe-keys': recipeKeysTable,
  losses: lossesTable,
  'loss-options': lossOptionsTable,
  recipes: recipesList,
  example: exampleBlock,
  commands: commandsText,
  'moved-names': movedNamesTable,
  results: async () => performanceTable(await readFile(repositoryFile('docs/performance.md'), 'utf8')),
};

const part = /^<!-- generated:(\S+)(?: (.+?))? -->\n[^]*?^<!-- end -->$/gm;

/** The document with its generated parts written anew. */
export async function withGeneratedParts(document: string): Promise<string> {
  let written = document;
  for (const [old, name, argument = ''] of document.matchAll(part)) {
    const writer = writers[name];
    if (writer === undefined) throw new Error(`no generated part has the name '${name}'.`);
    const marker = old.slice(0, old.indexOf('\n'));
    const text = await writer(argument);
    written = written.replace(old, () => `${marker}\n\n${text}\n\n<!-- end -->`);
  }
  return written;
}

export const repositoryFile = (path: string): string =>
  fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The losses of the package: weight in a run that names none, formula, function, source. */
function lossesTable(): string {
  const rows = lossTable().map(({ name, weight, formula, library, source }) => [
    `\`${name}\``,
    String(weight),
    formula,
    `\`${library}\``,
    source,
  ]);
  return markdownTable(['`--loss`', 'default weight', 'formula', 'library', 'source'], rows);
}

/** The options of the losses beside their weights. */
function lossOptionsTable(): string {
  const rows = lossTable().flatMap(({ name, options }) =>
    options.map(({ key, default: usual, range, description }) => [
      `\`${name}\``,
      `\`${key}\``,
      String(usual),
      range,
      description,
    ]),
  );
  return markdownTable(['`--loss`', 'option', 'default', 'range', ''], rows);
}

/** The built-in recipes: what each does, its source, and its figures. */
async function recipesList(): Promise<string> {
  const items = (await builtInRecipes()).map(async (name) => {
    const { description, reference, published, measured } = (await resolveRecipe({ recipe: name })).recipe;
    const facts = { Source: reference, Published: published, Measured: measured };
    const told = Object.entries(facts).filter(([, fact]) => fact !== '');
    return [
      `- [\`${name}\`](../recipes/${name}.yaml): ${description}`,
      ...told.map(([title, fact]) => `  - ${title}: ${fact}`),
    ].join('\n');
  });
  return (await Promise.all(items)).join('\n');
}

/** A file of examples/ as a code block. */
async function exampleBlock(file: string): Promise<string> {
  const text = await readFile(repositoryFile(`examples/${file}`), 'utf8');
  const language = extname(file).slice(1).replace('mjs', 'js');
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}
