import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { repositoryFile } from '../../scripts/support/generated-parts.js';
import { readDocument } from './markdown.js';

const { rooms, ground } = createRequire(import.meta.url)('../../scripts/rooms.cjs') as {
  readonly rooms: readonly string[];
  readonly ground: readonly string[];
};
const { text, codeBlocks, codeSpans } = readDocument('ARCHITECTURE.md');

/** The folders that a picture of ARCHITECTURE.md lists below its root. */
function foldersOf(root: string): string[] {
  const picture = codeBlocks.find((block) => block.text.startsWith(`${root}/\n`))!;
  return [...picture.text.matchAll(/^ {2}([\w-]+)\//gm)].map(([, name]) => name);
}

it('the picture of src/ has the rooms of the graph that the linter holds, in their order', () => {
  const built = rooms.filter((room) => existsSync(repositoryFile(`src/${room}`)));
  expect(foldersOf('src')).toEqual(built);
  expect(codeSpans).toEqual(expect.arrayContaining(ground.map((room) => `${room}/`)));
});

it('the picture of native/ has folders that are there', () => {
  const folders = foldersOf('native');
  expect(folders.length).toBeGreaterThan(3);
  expect(folders.filter((folder) => !existsSync(repositoryFile(`native/${folder}`)))).toEqual([]);
});

it('rooms within rooms are there', () => {
  const named = [...text.matchAll(/\bnn\/(\w+)\/ one file/g)].map(([, room]) => room);
  expect(named).toEqual(['blocks', 'attention']);
  expect(named.filter((room) => !existsSync(repositoryFile(`src/nn/${room}`)))).toEqual([]);
});
