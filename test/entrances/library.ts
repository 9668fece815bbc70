import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const root = fileURLToPath(new URL('../../', import.meta.url));

interface Entry {
  readonly types: string;
  readonly default: string;
}

const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
  readonly exports: Readonly<Record<string, Entry | string>>;
};

/** The entrances by the name under which a user imports them: `bnn-distill`, `bnn-distill/nn`, … */
export const entrances: ReadonlyMap<string, Entry> = new Map(
  Object.entries(manifest.exports).flatMap(([path, entry]) =>
    typeof entry === 'string' ? [] : [[path.replace('.', 'bnn-distill'), entry] as const],
  ),
);

/** A project that imports every entrance as it was built, and checks the types of what it imports too. */
export function userProject(): ts.Program {
  const file = `${root}user-project.ts`;
  const text = [...entrances.keys()].map((name, i) => `export * as entrance${i} from '${name}';`).join('\n');
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
    // The types of TensorFlow.js want the global Long of @types/long, which comes with it.
    types: ['node', 'long'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options);
  const fileExists = host.fileExists.bind(host);
  const getSourceFile = host.getSourceFile.bind(host);
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, format, ...rest) =>
    name === file ? ts.createSourceFile(name, text, format) : getSourceFile(name, format, ...rest);
  return ts.createProgram([file], options, host);
}

/** The exported symbols of an entrance, by name. */
export function exportsOf(program: ts.Program, entrance: string): Map<string, ts.Symbol> {
  const checker = program.getTypeChecker();
  const file = program.getSourceFile(`${root}${entrances.get(entrance)!.types.slice(2)}`)!;
  const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(file)!);
  return new Map(symbols.map((symbol) => [symbol.name, symbol]));
}

/** What an export stands for, whatever it went through. */
export function meaning(program: ts.Program, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? program.getTypeChecker().getAliasedSymbol(symbol) : symbol;
}

/** What the `@deprecated` comment of an export says; undefined for an export without one. */
export function deprecation(program: ts.Program, symbol: ts.Symbol): string | undefined {
  const tag = symbol.getJsDocTags(program.getTypeChecker()).find(({ name }) => name === 'deprecated');
  return tag && ts.displayPartsToString(tag.text);
}

/** Whether a file is one of this package's, as it was built. */
export function isOwn({ fileName }: ts.SourceFile): boolean {
  return fileName.startsWith(`${root}dist/`);
}
