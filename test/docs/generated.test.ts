import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generatedDocuments } from '../../scripts/support/generated-documents.js';
import { repositoryFile, withGeneratedParts } from '../../scripts/support/generated-parts.js';

const generated = [...(await generatedDocuments())];

describe('npm run docs:generate', () => {
  it.each(generated)('would change nothing in %s', (path, text) => {
    expect(readFileSync(repositoryFile(path), 'utf8')).toBe(text);
  });

  const part = (content: string): string =>
    `before\n<!-- generated:example losses.mjs -->\n${content}\n<!-- end -->\nafter\n`;

  it('writes what stands between markers and nothing else', async () => {
    const written = await withGeneratedParts(part('old'));
    expect(written).toMatch(
      /^before\n<!-- generated:example losses.mjs -->\n\n```js\n[^]+\n```\n\n<!-- end -->\nafter\n$/,
    );
    expect(await withGeneratedParts(written)).toBe(written);
    expect(written).toContain(readFileSync(repositoryFile('examples/losses.mjs'), 'utf8').trimEnd());
  });

  it('refuses a part that it does not know', async () => {
    await expect(withGeneratedParts('<!-- generated:weather -->\n<!-- end -->')).rejects.toThrow("'weather'");
  });
});
