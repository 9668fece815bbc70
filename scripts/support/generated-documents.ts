import { readdir, readFile } from 'node:fs/promises';
import * as prettier from 'prettier';
import { recipeJsonSchema } from '../../src/recipe/recipe-schema.js';
import { repositoryFile, withGeneratedParts } from './generated-parts.js';

/** Every document of the repository that users read, by its path from the root. */
export async function documents(): Promise<string[]> {
  const pages = (await readdir(repositoryFile('docs'))).filter((file) => file.endsWith('.md')).sort();
  return [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    ...pages.map((file) => `docs/${file}`),
  ];
}

/** What each file with generated content should hold, by its path. */
export async function generatedDocuments(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const path of await documents()) {
    files.set(
      path,
      await formatted(path, await withGeneratedParts(await readFile(repositoryFile(path), 'utf8'))),
    );
  }
  const schema = 'recipes/recipe.schema.json';
  files.set(schema, await formatted(schema, JSON.stringify(recipeJsonSchema(), null, 2)));
  return files;
}

async function formatted(path: string, text: string): Promise<string> {
  const filepath = repositoryFile(path);
  return prettier.format(text, { ...(await prettier.resolveConfig(filepath)), filepath });
}
