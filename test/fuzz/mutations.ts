/** What a caller may do wrong: each changes a call, and says how. */
import { pick } from '../native/shapes.js';
import { isArray, type KernelCall, type Random } from './kernel-call.js';

/** The error of a getter of {@link mutate}, which must reach the caller as it is. */
export const getterError = new Error('thrown by a getter');

type Fields = Record<string, unknown>;
type Mutation = (call: KernelCall, next: Random) => string;

const badNumbers = [
  ...[0, -1, -0.5, 0.5, 1.5, NaN, Infinity, -Infinity, 2 ** 24 + 1],
  ...[2 ** 30, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1, 2 ** 53, 1e300, -(2 ** 31)],
];

const otherValues = (): unknown[] => [
  ...[undefined, null, true, '', 'add', {}, [], Symbol('x'), 1n, () => 1, new Date(), /x/],
  ...[new Float32Array(8), new Float64Array(8), new Int32Array(8), new Uint8Array(8), new Uint16Array(8)],
  ...[new Uint32Array(8), new BigInt64Array(8), new ArrayBuffer(8), new SharedArrayBuffer(8)],
  ...[new DataView(new ArrayBuffer(8)), new Proxy(new Float32Array(8), {}), new Float32Array(0)],
];

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** The objects of a call: its own and the nested ones. */
const objectsOf = ({ kernel, fields }: KernelCall): Fields[] => [
  fields,
  ...kernel.fields.flatMap(({ kind, name }) => (kind === 'nested' ? [fields[name]].filter(isObject) : [])),
];

function pickField(call: KernelCall, next: Random): [owner: Fields, name: string] {
  const all = objectsOf(call).flatMap((owner) =>
    Object.keys(owner).map((name): [Fields, string] => [owner, name]),
  );
  return all.length === 0 ? [call.fields, 'none'] : pick(all, next);
}

/** The names of the arrays that a call still has. */
const arraysOf = ({ kernel, fields }: KernelCall): string[] =>
  kernel.fields
    .filter((field) => isArray(field) && ArrayBuffer.isView(fields[field.name]))
    .map(({ name }) => name);

type Any = Float32Array<ArrayBuffer>;

function detach(value: unknown): void {
  const { buffer } = value as Any;
  if (buffer instanceof ArrayBuffer && buffer.byteLength > 0) structuredClone(buffer, { transfer: [buffer] });
}

/** Puts a getter in the place of a field. */
function withGetter(owner: Fields, name: string, get: () => unknown): void {
  Object.defineProperty(owner, name, { get, enumerable: true, configurable: true });
}

const mutations: Readonly<Record<string, Mutation>> = {
  missing: (call, next) => {
    const [owner, name] = pickField(call, next);
    delete owner[name];
    return name;
  },
  misspelt: (call, next) => {
    const [owner, name] = pickField(call, next);
    owner[`${name}s`] = owner[name];
    delete owner[name];
    return name;
  },
  unknown: (call, next) => {
    pick(objectsOf(call), next)['unknown'] = 1;
    return '';
  },
  'another type': (call, next) => {
    const [owner, name] = pickField(call, next);
    owner[name] = pick(otherValues(), next);
    return name;
  },
  'another number': (call, next) => {
    const numbers = objectsOf(call).flatMap((owner) =>
      Object.keys(owner)
        .filter((name) => typeof owner[name] === 'number')
        .map((name): [Fields, string] => [owner, name]),
    );
    if (numbers.length === 0) return 'none';
    const [owner, name] = pick(numbers, next);
    const value = owner[name] as number;
    owner[name] = pick([...badNumbers, value + 1, value - 1, value * 2], next);
    return `${name} ${String(owner[name])}`;
  },
  'all sizes': (call, next) => {
    const value = pick(badNumbers, next);
    for (const owner of objectsOf(call))
      for (const name of Object.keys(owner)) if (typeof owner[name] === 'number') owner[name] = value;
    return String(value);
  },
  'another length': (call, next) => {
    const name = pick(arraysOf(call), next);
    const array = call.fields[name] as Any | undefined;
    if (!array) return 'none';
    call.fields[name] = array.subarray(0, pick([0, 1, array.length - 1, array.length >> 1], next));
    return name;
  },
  detached: (call, next) => {
    const name = pick(arraysOf(call), next);
    if (name) detach(call.fields[name]);
    return name;
  },
  'shared memory': (call, next) => {
    const names = arraysOf(call);
    const [name, other] = [pick(names, next), pick(names, next)];
    const [own, from] = [call.fields[name], call.fields[other]] as (Any | undefined)[];
    if (!own || !from || name === other) return 'none';
    const offset = pick([0, 0, 4, 32], next);
    const Type = own.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => Any;
    const room = Math.floor((from.buffer.byteLength - from.byteOffset - offset) / own.BYTES_PER_ELEMENT);
    if (room < 0) return 'none';
    call.fields[name] = new Type(from.buffer, from.byteOffset + offset, Math.min(own.length, room));
    return `${name} of ${other} from byte ${offset}`;
  },
  'a getter that throws': (call, next) => {
    const [owner, name] = pickField(call, next);
    withGetter(owner, name, () => {
      throw getterError;
    });
    return name;
  },
  'a getter that detaches': (call, next) => {
    const [owner, name] = pickField(call, next);
    const value = owner[name];
    const target = call.fields[pick(arraysOf(call), next)];
    withGetter(owner, name, () => {
      if (target) detach(target);
      return value;
    });
    return name;
  },
};

/** Values in the place of the whole object. */
const notFields = (fields: Fields): unknown[] => [
  ...[undefined, null, 1, 'x', true, Symbol('x'), () => 1, [], new Float32Array(4)],
  ...[new Proxy(fields, {}), Object.create(fields) as object, Object.freeze({ ...fields })],
  new Proxy(fields, {
    ownKeys: () => {
      throw getterError;
    },
  }),
];

/** What the kernel is called with after up to two mutations, and their names. */
export function mutate(call: KernelCall, next: Random): { argument: unknown; done: string[] } {
  const done: string[] = [];
  const count = pick([0, 0, 1, 1, 1, 2], next);
  const names = Array.from({ length: count }, () => pick(Object.keys(mutations), next));
  // What is done to a call reads its fields: detached memory and getters come last.
  const rank = (name: string): number => (name.includes('getter') ? 2 : name === 'detached' ? 1 : 0);
  names.sort((a, b) => rank(a) - rank(b));
  if (names.filter((name) => rank(name) === 2).length === 2) names.pop();
  for (const name of names) done.push(`${name}: ${mutations[name](call, next)}`);
  if (next() >= 0.03 || names.some((name) => name.includes('getter'))) return { argument: call.fields, done };
  return { argument: pick(notFields(call.fields), next), done: [...done, 'another argument'] };
}
