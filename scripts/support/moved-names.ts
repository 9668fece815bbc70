import { readFile } from 'node:fs/promises';
import ts from 'typescript';
import { markdownTable } from './markdown-table.js';
import { repositoryFile } from './generated-parts.js';

/** The table of the names that the root exports for those who still import them from there, by src/deprecated.ts. */
export async function movedNamesTable(): Promise<string> {
  const path = repositoryFile('src/deprecated.ts');
  const source = ts.createSourceFile(path, await readFile(path, 'utf8'), ts.ScriptTarget.ES2023, true);
  const rows: string[][] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isExportSpecifier(node)) rows.push(rowOf(node));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return markdownTable(
    ['in 0.1, from `bnn-distill`', 'now', 'from'],
    rows.sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** The old name, the new one and its entrance, or what takes its place, as the comment says it. */
function rowOf(specifier: ts.ExportSpecifier): string[] {
  const name = specifier.name.text;
  const said = /@deprecated (.*) \*\/$/m.exec(specifier.getFullText())?.[1];
  if (said === undefined) throw new Error(`src/deprecated.ts does not say what is in the place of ${name}.`);
  const moved = /^Import (?:it|`(\w+)`) from `([\w/-]+)`\.$/.exec(said);
  return [
    `\`${name}\``,
    moved ? `\`${moved[1] ?? name}\`` : said.replace(/\.$/, ''),
    moved ? `\`${moved[2]}\`` : '',
  ];
}
