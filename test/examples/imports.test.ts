import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../examples/', import.meta.url));
const programs = readdirSync(folder).filter((file) => file.endsWith('.mjs'));

// The whole demo takes minutes; that it finds what it imports takes none.
it.each(programs)('%s imports what an entrance of the package exports', async (file) => {
  const text = readFileSync(`${folder}${file}`, 'utf8');
  const imports = [...text.matchAll(/import \{([^}]+)\} from 'bnn-distill(?:\/(\w+))?'/g)];
  expect(imports.length).toBeGreaterThan(0);
  for (const [, names, entrance] of imports) {
    const path = `../../src/${entrance === undefined ? 'index' : `entrances/${entrance}`}.ts`;
    const library = Object.keys((await import(/* @vite-ignore */ path)) as object);
    for (const name of names.split(',').map((one) => one.trim()))
      if (name !== '') expect(library).toContain(name);
  }
});
