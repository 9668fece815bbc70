import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryFile } from '../../scripts/support/generated-parts.js';
import { allDocuments, readDocument } from './markdown.js';

const byPath = allDocuments.map((document) => [document.path, document] as const);

/** What is wrong with a link; undefined if nothing is, or if it leads out of the repository. */
function faultOf(link: string, from: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [file, anchor] = link.split('#');
  const target = file === '' ? from : join(dirname(from), file);
  if (!existsSync(repositoryFile(target))) return `${link}: there is no ${target}`;
  if (anchor === undefined || readDocument(target).anchors.has(anchor)) return undefined;
  return `${link}: ${target} has no heading #${anchor}`;
}

describe('links', () => {
  it.each(byPath)('of %s lead somewhere', (path, { links }) => {
    expect(links.map((link) => faultOf(link, path)).filter((fault) => fault !== undefined)).toEqual([]);
  });

  it.each([
    ['a file that is not there', 'docs/nothing.md'],
    ['a heading that is not there', 'docs/runs.md#nothing'],
  ])('to %s are a fault', (_, link) => {
    expect(faultOf(link, 'README.md')).toContain(link);
  });

  it('lead to every page from the README', () => {
    const pages = allDocuments.map(({ path }) => path).filter((path) => path.startsWith('docs/'));
    expect(readDocument('README.md').links).toEqual(expect.arrayContaining(pages));
  });
});

/** Paths as `src/index.ts`, or as `nn/conv2d.ts` for a file of src/; or the name of a source file alone. */
const namesFile = /^(?:[a-z.][\w.-]*\/)+[\w.-]*$|^[a-z][\w-]*\.(?:ts|mjs|py|cc|h)$/;
const folders = ['', 'src', 'native', 'native/kernels'];
const sources = new Set(
  ['src', 'native', 'test', 'bench', 'scripts', 'examples'].flatMap((folder) =>
    readdirSync(repositoryFile(folder), { recursive: true, encoding: 'utf8' }).map((path) => basename(path)),
  ),
);

/** Folders that a run, a build or the reader makes. */
const made = /^(?:runs|train|val|stages|checkpoints|tensorboard|dist|node_modules)\/|^test\/$|^docs\/api$/;

const { exports: entrances } = JSON.parse(readFileSync(repositoryFile('package.json'), 'utf8')) as {
  readonly exports: object;
};

function isThere(name: string, from: string): boolean {
  if (name.startsWith('bnn-distill/')) return name.replace('bnn-distill', '.') in entrances;
  if (!name.includes('/')) return sources.has(name);
  return [...folders, dirname(from)].some((folder) => existsSync(repositoryFile(join(folder, name))));
}

describe('files that are named in code', () => {
  it.each(byPath)('of %s are there', (path, { codeSpans }) => {
    const named = codeSpans.filter((span) => namesFile.test(span) && !made.test(span));
    expect(named.filter((name) => !isThere(name, path))).toEqual([]);
  });
});
