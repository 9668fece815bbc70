/**
 * The TypeScript interfaces of the kernels' fields, from what the addon says of them (`kernelFields()`) and the comments of
 * their structs in native/families/.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import type { FieldDescription, KernelDescription } from '../../src/backends/native/addon.js';

const families = new URL('../../native/families/', import.meta.url);

/** Where the interfaces are written. */
export const kernelCallsPath = new URL('../../src/backends/native/kernel-calls.ts', import.meta.url);

/** A struct of native/families/. */
export interface Struct {
  readonly name: string;
  /** The name of its kernel; undefined for one that is a field of others. */
  readonly family: string | undefined;
  readonly comment: readonly string[];
  readonly body: string;
}

/** Every struct with a description of its fields. */
export function readStructs(): Struct[] {
  const text = readdirSync(families)
    .sort()
    .map((file) => readFileSync(new URL(file, families), 'utf8'))
    .join('\n');
  const pattern = /((?:^\/\/.*\n)*)^struct (\w+) \{\n([\s\S]*?)^\};/gm;
  return [...text.matchAll(pattern)]
    .map(([, comment, name, body]) => ({
      name,
      family: /char\* family = "(\w+)"/.exec(body)?.[1],
      comment: comment.trimEnd().split('\n').filter(Boolean),
      body,
    }))
    .filter(({ body }) => body.includes('void fields('));
}

/** The name of a field from that of its member: inverse_deviation is inverseDeviation. */
export const camelCase = (name: string): string =>
  name.replace(/(\w)_(\w)/g, (_, before: string, after: string) => before + after.toUpperCase());

/** The text of src/backends/native/kernel-calls.ts. */
export async function kernelCallsText(kernels: readonly KernelDescription[]): Promise<string> {
  const structs = readStructs();
  const ofFamily = (family: string): Struct => structs.find((struct) => struct.family === family)!;
  const nested = new Map<string, string>();
  const interfaces = kernels.map(({ family, fields }) => {
    const struct = ofFamily(family);
    const own = fields.filter(({ parent }) => parent < 0);
    for (const [position, field] of fields.entries()) {
      if (field.kind !== 'nested') continue;
      const type = structs.find(({ name }) => name === nestedType(struct, field))!;
      nested.set(
        type.name,
        interfaceText(
          type,
          fields.filter(({ parent }) => parent === position),
        ),
      );
    }
    return interfaceText(struct, own);
  });
  const functions = kernels.map(
    ({ family }) => `readonly ${family}: (call: ${ofFamily(family).name}) => void;`,
  );
  const text = [
    '// Written by `npm run docs:kernel-calls` from the structs of native/families/: change those, not this file.',
    '',
    ...nested.values(),
    ...interfaces,
    '/** The kernels of the addon. Each checks all of its fields and throws a TypeError that names a wrong one. */',
    `export interface KernelFunctions { ${functions.join('\n')} }`,
  ].join('\n');
  return format(text, { ...(await resolveConfig(kernelCallsPath)), parser: 'typescript' });
}

function interfaceText(struct: Struct, fields: readonly FieldDescription[]): string {
  const comment = struct.comment.map((line) => ` *${camelCase(line.slice(2))}`).join('\n');
  const members = fields.map((field) => {
    const note = noteOn(field);
    return `${note === '' ? '' : `/** ${note} */\n`}readonly ${field.name}: ${typeOf(struct, field)};`;
  });
  return `/**\n${comment}\n */\nexport interface ${struct.name} {\n${members.join('\n')}\n}\n`;
}

const arrays = { floats: 'Float32Array', words: 'Uint32Array', halves: 'Uint16Array' } as const;

function typeOf(struct: Struct, field: FieldDescription): string {
  switch (field.kind) {
    case 'size':
    case 'number':
      return 'number';
    case 'flag':
      return 'boolean';
    case 'choice':
      return field.choices.map((name) => `'${name}'`).join(' | ');
    case 'nested':
      return nestedType(struct, field);
    case 'floats':
    case 'words':
    case 'halves':
      return `${arrays[field.kind]}${field.nullable ? ' | null' : ''}`;
  }
}

const nestedType = (struct: Struct, { name }: FieldDescription): string =>
  new RegExp(`^ {2}(\\w+) ${name};`, 'm').exec(struct.body)![1];

/** Range, layout and direction of a field. */
function noteOn(field: FieldDescription): string {
  if (field.kind === 'size') return field.positive ? 'from 1' : 'from 0';
  if (!(field.kind in arrays)) return '';
  const layout = `[${field.dims.join(', ').replaceAll('shape.', '')}]`;
  return [
    layout,
    ...(field.below === '' ? [] : [`whole numbers below ${field.below}`]),
    ...{ input: [], output: ['written'], updated: ['read and written'] }[field.access],
    ...(field.mayBe.length === 0 ? [] : [`may be ${field.mayBe.join(' or ')}`]),
  ].join(', ');
}
