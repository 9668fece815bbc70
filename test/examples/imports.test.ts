import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import * as library from '../../src/index.js';

const folder = fileURLToPath(new URL('../../examples/', import.meta.url));
const programs = readdirSync(folder).filter((file) => file.endsWith('.mjs'));

// The whole demo takes minutes; that it finds what it imports takes none.
it.each(programs)('%s imports what the package exports', (file) => {
  const [, names] = /import \{([^}]+)\} from 'bnn-distill'/.exec(readFileSync(`${folder}${file}`, 'utf8'))!;
  for (const name of names.split(',').map((text) => text.trim()))
    if (name !== '') expect(Object.keys(library)).toContain(name);
});
