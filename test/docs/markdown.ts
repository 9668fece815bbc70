import { readFileSync } from 'node:fs';
import GithubSlugger from 'github-slugger';
import { lexer, type Token, type Tokens, walkTokens } from 'marked';
import { documents } from '../../scripts/support/generated-documents.js';
import { repositoryFile } from '../../scripts/support/generated-parts.js';

/** What the tests look at in a document. */
export interface Document {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
  readonly codeBlocks: readonly Tokens.Code[];
  /** The texts of code within sentences and tables. */
  readonly codeSpans: readonly string[];
  /** The targets of links and images. */
  readonly links: readonly string[];
  /** What may follow `#` in a link here, as GitHub makes it from headings. */
  readonly anchors: ReadonlySet<string>;
  readonly tables: readonly Tokens.Table[];
}

export function readDocument(path: string): Document {
  const text = readFileSync(repositoryFile(path), 'utf8');
  const tokens: Token[] = [];
  void walkTokens(lexer(text), (token) => void tokens.push(token));
  const of = <Type extends Token>(type: Type['type']): Type[] =>
    tokens.filter((token) => token.type === type) as Type[];
  const slugger = new GithubSlugger();
  return {
    path,
    text,
    codeBlocks: of<Tokens.Code>('code'),
    codeSpans: of<Tokens.Codespan>('codespan').map((span) => span.text),
    links: [...of<Tokens.Link>('link'), ...of<Tokens.Image>('image')].map(({ href }) => href),
    anchors: new Set(of<Tokens.Heading>('heading').map((heading) => slugger.slug(plainText(heading)))),
    tables: of<Tokens.Table>('table'),
  };
}

/** Every document with links and commands, those beside teachers and data included. */
export const allDocuments: readonly Document[] = [
  ...(await documents()),
  'teachers/README.md',
  'data/cifar10-sample/README.md',
].map(readDocument);

/** The text of a heading as it is shown: without the marks of code and emphasis. */
function plainText({ tokens }: Tokens.Heading): string {
  return tokens.map((token) => ('text' in token ? String(token.text) : token.raw)).join('');
}
