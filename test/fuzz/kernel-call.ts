/**
 * Calls of kernels that are right by their descriptions: sizes are drawn, arrays have the lengths that follow. A few
 * conditions are not in a description, and the calls that break them are refused.
 */
import type { FieldDescription, KernelDescription } from '../../src/backends/native/addon.js';
import { pick } from '../native/shapes.js';

export type Random = () => number;
export type NumberArray = Float32Array | Uint32Array | Uint16Array;
type ArrayType = new (buffer: ArrayBufferLike, offset: number, length: number) => NumberArray;

/** An array of a call, as it was before. */
interface Given {
  readonly field: FieldDescription;
  readonly array: NumberArray;
  readonly before: NumberArray;
  /** All of its memory; what lies around the array holds {@link guardByte}. */
  readonly memory: Uint8Array;
}

/** The object that a kernel is called with, and what it was made of. */
export interface KernelCall {
  readonly kernel: KernelDescription;
  readonly fields: Record<string, unknown>;
  readonly given: readonly Given[];
}

const guardByte = 0xa5;
const guardBytes = 64;
const mostElements = 50_000;

const types: Readonly<Record<string, ArrayType>> = {
  floats: Float32Array,
  words: Uint32Array,
  halves: Uint16Array,
};

export const isArray = ({ kind }: FieldDescription): boolean => kind in types;

/** Draws a call of a kernel. */
export function drawCall(kernel: KernelDescription, next: Random): KernelCall {
  for (let most = 40; ; most = Math.ceil(most / 2)) {
    const sizes = drawSizes(kernel, next, most);
    const lengths = kernel.fields.filter(isArray).map((field) => lengthOf(field, sizes));
    if (Math.max(0, ...lengths) <= mostElements) return callOf(kernel, sizes, next);
  }
}

const pathOf = ({ fields }: KernelDescription, { name, parent }: FieldDescription): string =>
  parent < 0 ? name : `${fields[parent].name}.${name}`;

type Sizes = ReadonlyMap<string, number>;

function drawSizes(kernel: KernelDescription, next: Random, most: number): Sizes {
  const own = kernel.fields.filter(({ kind }) => kind === 'size');
  const usual = [1, 1, 2, 3, 4, 5, 7, 8, 9, ...(own.length < 6 ? [16, 17, 31, 32, 33, 40] : [16, 33])];
  const sizes = new Map<string, number>();
  for (const field of own) {
    const size = next() < 0.03 ? 0 : Math.min(most, pick(usual, next));
    sizes.set(pathOf(kernel, field), Math.max(size, field.positive ? 1 : 0));
  }
  for (const { name, kind } of kernel.fields)
    if (kind === 'nested' && sizes.has(`${name}.outH`)) completeShape(name, sizes, next);
  return sizes;
}

/** Gives a convolution's shape the output and the groups that go with the rest of it. */
function completeShape(name: string, sizes: Map<string, number>, next: Random): void {
  const at = (field: string): number => sizes.get(`${name}.${field}`)!;
  const set = (field: string, value: number): unknown => sizes.set(`${name}.${field}`, value);
  for (const [side, pads] of [
    ['H', ['padTop', 'padBottom']],
    ['W', ['padLeft', 'padRight']],
  ] as const) {
    set(`kernel${side}`, pick([1, 1, 2, 3, 3, 5], next));
    set(`stride${side}`, pick([1, 1, 2, 3], next));
    for (const pad of pads) set(pad, pick([0, 0, 1, 1, 2], next));
    const padded = at(side.toLowerCase()) + at(pads[0]) + at(pads[1]);
    set(`out${side}`, Math.max(0, Math.floor((padded - at(`kernel${side}`)) / at(`stride${side}`)) + 1));
  }
  const [c, k] = [at('c'), at('k')];
  const divisors = [1, 1, 2, 3, 4, 5, 8, 16].filter((groups) => c % groups === 0 && k % groups === 0);
  set('groups', pick(divisors, next));
}

/** The length that a description asks for: the product of its factors. */
function lengthOf({ dims }: FieldDescription, sizes: Sizes): number {
  const value = (text: string): number => sizes.get(text) ?? Number(text);
  return dims
    .map((dim) => dim.replace(/[⌈⌉]/g, '').split(' / ').map(value))
    .reduce((product, [size, divisor = 1]) => product * Math.ceil(size / divisor), 1);
}

function callOf(kernel: KernelDescription, sizes: Sizes, next: Random): KernelCall {
  const given: Given[] = [];
  const objects = new Map<number, Record<string, unknown>>([[-1, {}]]);
  const absent = absentFields(kernel, next);
  kernel.fields.forEach((field, position) => {
    const owner = objects.get(field.parent)!;
    if (field.kind === 'nested') objects.set(position, (owner[field.name] = {}));
    else if (!isArray(field)) owner[field.name] = drawScalar(field, sizes.get(pathOf(kernel, field)), next);
    else if (absent.has(field.name)) owner[field.name] = null;
    else {
      const one = drawArray(field, sizes, next);
      given.push(one);
      owner[field.name] = one.array;
    }
  });
  const fields = objects.get(-1)!;
  for (const { field } of given) {
    const other = fields[pick(field.mayBe, next)];
    if (field.access === 'output' && other && next() < 0.3) fields[field.name] = other;
  }
  return { kernel, fields, given };
}

/** Which of the fields that may be null are. */
function absentFields({ fields, together }: KernelDescription, next: Random): Set<string> {
  const absent = new Set<string>();
  for (const { name, nullable } of fields) if (nullable && next() < 0.5) absent.add(name);
  for (const names of together) {
    const none = next() < 0.5;
    for (const name of names) {
      if (none) absent.add(name);
      else absent.delete(name);
    }
  }
  return absent;
}

const numbers = [0.1, 0.9, 1e-5, 1, 2, 0, -1, NaN, Infinity, 1e300, -0];

function drawScalar(field: FieldDescription, size: number | undefined, next: Random): unknown {
  if (size !== undefined) return size;
  if (field.kind === 'flag') return next() < 0.5;
  return field.kind === 'choice' ? pick(field.choices, next) : pick(numbers, next);
}

const extremes = [0, -0, 1, -1, NaN, Infinity, -Infinity, 3e38, 1e-40];

function drawArray(field: FieldDescription, sizes: Sizes, next: Random): Given {
  const Type = types[field.kind];
  const length = lengthOf(field, sizes);
  const bytes = length * (field.kind === 'halves' ? 2 : 4);
  // Where the memory ends with the array, an address sanitizer sees what is read beyond.
  const around = next() < 0.5 ? guardBytes : 0;
  const Memory = next() < 0.03 && field.below === '' ? SharedArrayBuffer : ArrayBuffer;
  const memory = new Uint8Array(new Memory(bytes + 2 * around)).fill(guardByte);
  const array = new Type(memory.buffer, around, length);
  const wild = next() < 0.1;
  const limit = field.below === '' ? 0 : (sizes.get(field.below) ?? 1);
  for (let i = 0; i < length; i++) {
    if (limit > 0) array[i] = Math.floor(next() * limit);
    else if (field.kind !== 'floats') array[i] = Math.floor(next() * 2 ** 32);
    else array[i] = wild && next() < 0.2 ? pick(extremes, next) : next() * 4 - 2;
  }
  return { field, array, before: array.slice(), memory };
}

/** What a kernel changed that it must not: memory around an array, or an input; undefined where all is well. */
export function brokenMemory({ fields, given }: KernelCall): string | undefined {
  for (const { field, array, before, memory } of given) {
    const inside = memory.subarray(array.byteOffset, array.byteOffset + array.byteLength);
    const outside = memory.length - inside.length;
    const guards = [
      ...memory.subarray(0, array.byteOffset),
      ...memory.subarray(array.byteOffset + array.byteLength),
    ];
    if (outside > 0 && guards.some((byte) => byte !== guardByte))
      return `memory around '${field.name}' was written`;
    const written = given.some(
      (other) => other.field.access !== 'input' && fields[other.field.name] === array,
    );
    if (written || array.length === 0) continue;
    const bytes = Buffer.from(before.buffer, before.byteOffset, before.byteLength);
    if (bytes.compare(inside) !== 0) return `the input '${field.name}' was written`;
  }
  return undefined;
}
