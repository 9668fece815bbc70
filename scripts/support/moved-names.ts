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
    rows.sort(([a], [b]) => (a < b ? -1 : 1)).map((cells) => cells.map((cell) => `\`${cell}\``)),
  );
}

/** The old name, the new one and its entrance, as the comment says them. */
function rowOf(specifier: ts.ExportSpecifier): string[] {
  const name = specifier.name.text;
  const said = /@deprecated Import (?:it|`(\w+)`) from `([\w/-]+)`\. \*\/$/m.exec(specifier.getFullText());
  if (!said) throw new Error(`src/deprecated.ts does not say where ${name} is now.`);
  return [name, said[1] ?? name, said[2]];
}
