import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';

const src = fileURLToPath(new URL('../../src/', import.meta.url));

/** The texts of a file that name a flag; commands of other programs may. */
function textsWithFlags(file: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const isText =
      ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);
    if (isText && /(^|[\s(`])--[a-z]/.test(node.text) && !/\b(npm|node) /.test(node.text))
      found.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(`${src}${file}`, 'utf8'), ts.ScriptTarget.ES2023));
  return found;
}

it('flags are known in src/cli and nowhere else', () => {
  const files = readdirSync(src, { encoding: 'utf8', recursive: true }).filter(
    (file) => file.endsWith('.ts') && !file.startsWith('cli/'),
  );
  expect(files.length).toBeGreaterThan(200);
  expect(files.flatMap((file) => textsWithFlags(file).map((text) => `${file}: ${text}`))).toEqual([]);
  expect(textsWithFlags('cli/program.ts')).not.toEqual([]);
});
