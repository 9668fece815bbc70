// Writes what is generated in the documents: the parts between `<!-- generated:… -->` and `<!-- end -->`, and
// recipes/recipe.schema.json, by which editors complete and check recipes.
// usage: npm run docs:generate
import { readFile } from 'node:fs/promises';
import { writeFileAtomically } from '../src/files/atomic-write.js';
import { generatedDocuments } from './support/generated-documents.js';
import { repositoryFile } from './support/generated-parts.js';

for (const [path, text] of await generatedDocuments()) {
  const file = repositoryFile(path);
  if ((await readFile(file, 'utf8')) === text) continue;
  await writeFileAtomically(file, text);
  console.log(`wrote ${path}`);
}
