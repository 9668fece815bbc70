import { existsSync, readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { deprecation, entrances, exportsOf, isOwn, meaning, root, userProject } from './library.js';

let program: ts.Program;
let exported: ReadonlyMap<string, ReadonlyMap<string, ts.Symbol>>;

beforeAll(() => {
  program = userProject();
  exported = new Map([...entrances.keys()].map((name) => [name, exportsOf(program, name)]));
});

/** The names of the root that have moved or are called otherwise now, with what is said of them. */
function deprecated(): Map<string, string> {
  const said = [...exported.get('bnn-distill')!].flatMap(([name, symbol]) => {
    const text = deprecation(program, symbol);
    return text === undefined ? [] : [[name, text] as const];
  });
  return new Map(said);
}

it('package.json lists every file of src/entrances, and each was built', () => {
  const files = readdirSync(`${root}src/entrances`).map((file) => file.replace(/\.ts$/, ''));
  expect([...entrances.keys()].sort()).toEqual(
    ['bnn-distill', ...files.map((file) => `bnn-distill/${file}`)].sort(),
  );
  for (const { types, default: code } of entrances.values())
    for (const file of [types, code]) expect(existsSync(`${root}${file}`), file).toBe(true);
});

describe('the names of 0.1.0', () => {
  const names = JSON.parse(readFileSync(`${root}test/fixtures/exports-0.1.0.json`, 'utf8')) as {
    readonly values: readonly string[];
    readonly types: readonly string[];
  };

  it('are all in the root, values as values', () => {
    const has = exported.get('bnn-distill')!;
    const isValue = (name: string): boolean =>
      Boolean(meaning(program, has.get(name)!).flags & ts.SymbolFlags.Value);
    expect([...names.values, ...names.types].filter((name) => !has.has(name))).toEqual([]);
    expect(names.values.filter((name) => !isValue(name))).toEqual([]);
  });

  it('that have moved are where their comments say', () => {
    for (const [name, said] of deprecated()) {
      const { now, entrance } = place(name, said);
      const symbol = exported.get(entrance)?.get(now);
      expect(symbol && meaning(program, symbol), `${name}: ${said}`).toBe(
        meaning(program, exported.get('bnn-distill')!.get(name)!),
      );
    }
  });

  it('that have moved are those that docs/migrating.md lists', () => {
    const text = readFileSync(`${root}docs/migrating.md`, 'utf8');
    const rows = [...text.matchAll(/^\| `(\w+)` +\| `(\w+)` +\| `(bnn-distill(?:\/\w+)?)` +\|$/gm)];
    const expected = [...deprecated()].map(([name, said]) => ({ name, ...place(name, said) }));
    expect(rows.map(([, name, now, entrance]) => ({ name, now, entrance }))).toEqual(
      expected.sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
  });
});

/** Where a name that has moved is, by its comment. */
function place(name: string, said: string): { now: string; entrance: string } {
  const [, called, entrance = ''] = /^Import (?:it|`(\w+)`) from `([\w/-]+)`\.$/.exec(said) ?? [];
  return { now: called ?? name, entrance };
}

it('a name is in one entrance; the losses are in the root too', () => {
  const old = deprecated();
  const places = new Map<string, string[]>();
  for (const [entrance, symbols] of exported)
    for (const name of symbols.keys())
      if (entrance !== 'bnn-distill' || !old.has(name))
        places.set(name, [...(places.get(name) ?? []), entrance]);
  const twice = [...places].filter(([, of]) => of.length > 1);
  expect(twice.filter(([, of]) => of.join(' ') !== 'bnn-distill bnn-distill/losses')).toEqual([]);
});

describe('the types', () => {
  it('are right for a project that checks its libraries', () => {
    // What TensorFlow.js 4.22 and the WebGPU types that come with it say of themselves is not of this package.
    const files = program.getSourceFiles().filter(({ fileName }) => !fileName.includes('/node_modules/'));
    expect(files.filter(isOwn).length).toBeGreaterThan(100);
    const found = [
      ...program.getOptionsDiagnostics(),
      ...files.flatMap((file) => [
        ...program.getSyntacticDiagnostics(file),
        ...program.getSemanticDiagnostics(file),
      ]),
    ];
    expect(
      found.map((one) => `${one.file?.fileName}: ${ts.flattenDiagnosticMessageText(one.messageText, '\n')}`),
    ).toEqual([]);
  });

  it('that a signature mentions can be imported', () => {
    const meanings = [...exported].flatMap(([entrance, symbols]) =>
      [...symbols].map(([name, symbol]) => ({
        name: `${name} of ${entrance}`,
        of: meaning(program, symbol),
      })),
    );
    const importable = new Set(meanings.map(({ of }) => of));
    const missing = meanings.flatMap(({ name, of }) =>
      mentioned(of)
        .filter((type) => !importable.has(type))
        .map((type) => `${type.name}, of the signature of ${name}`),
    );
    expect(missing).toEqual([]);
  });
});

/**
 * The types of this package that the public part of a declaration names, without generic aliases, which compute a type
 * and are not named by a user.
 */
function mentioned(symbol: ts.Symbol): ts.Symbol[] {
  const checker = program.getTypeChecker();
  const found = new Set<ts.Symbol>();
  const visit = (node: ts.Node): void => {
    const isPrivate =
      ts.canHaveModifiers(node) &&
      ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword);
    if (isPrivate) return;
    const name = ts.isTypeReferenceNode(node)
      ? node.typeName
      : ts.isExpressionWithTypeArguments(node)
        ? node.expression
        : undefined;
    const named = name && checker.getSymbolAtLocation(name);
    if (named) {
      const type = meaning(program, named);
      const isParameter = (type.flags & ts.SymbolFlags.TypeParameter) !== 0;
      const isComputed = type.declarations?.some(
        (one) => ts.isTypeAliasDeclaration(one) && one.typeParameters !== undefined,
      );
      if (!isParameter && !isComputed && type.declarations?.some((one) => isOwn(one.getSourceFile())))
        found.add(type);
    }
    ts.forEachChild(node, visit);
  };
  symbol.declarations?.forEach(visit);
  return [...found];
}
