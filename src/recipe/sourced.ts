import type { KeyPath } from '../files/checked-yaml.js';

/** A setting, or a map or a list of settings, each with its origin: `file:line:column`, a flag, or `default`. */
export type Sourced = SourcedLeaf | SourcedMap | SourcedList;
export interface SourcedLeaf {
  readonly kind: 'leaf';
  readonly value: unknown;
  readonly origin: string;
}
export interface SourcedMap {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, Sourced>;
  readonly origin: string;
}
export interface SourcedList {
  readonly kind: 'list';
  readonly items: readonly Sourced[];
  readonly origin: string;
}

/**
 * A plain value with the origin of each of its parts. A list of maps is a list of parts; any other list is one setting.
 *
 * @param originOf of the part at a path
 */
export function sourced(value: unknown, originOf: (path: KeyPath) => string, path: KeyPath = []): Sourced {
  const origin = originOf(path);
  if (Array.isArray(value) && value.length > 0 && value.every(isMap)) {
    const items = value.map((item, i) => sourced(item, originOf, [...path, i]));
    return { kind: 'list', items, origin };
  }
  if (!isMap(value)) return { kind: 'leaf', value, origin };
  const given = Object.entries(value).filter(([, part]) => part !== undefined);
  const entries = given.map(([key, part]) => [key, sourced(part, originOf, [...path, key])] as const);
  return { kind: 'map', entries: new Map(entries), origin };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The settings without their origins. */
export function plainOf(tree: Sourced): unknown {
  switch (tree.kind) {
    case 'leaf':
      return tree.value;
    case 'map':
      return Object.fromEntries([...tree.entries].map(([key, part]) => [key, plainOf(part)]));
    case 'list':
      return tree.items.map(plainOf);
  }
}

/** What is at a path; undefined for nothing. */
export function partAt(tree: Sourced, path: KeyPath): Sourced | undefined {
  return path.reduce<Sourced | undefined>((at, key) => {
    if (at?.kind === 'map') return at.entries.get(String(key));
    return at?.kind === 'list' && typeof key === 'number' ? at.items[key] : undefined;
  }, tree);
}

/** The origin of the part at a path; where there is none, that of the nearest part around it. */
export function originAt(tree: Sourced, path: KeyPath): string {
  for (let length = path.length; length > 0; length--) {
    const part = partAt(tree, path.slice(0, length));
    if (part) return part.origin;
  }
  return tree.origin;
}

/** Maps whose `name` chooses a kind: the options of one kind do not carry over to another. */
const namedKinds = new Set(['optimizer', 'schedule']);

/**
 * `base` with what `over` says: maps are merged key by key, everything else is replaced. Where `over` names another optimizer
 * only the learning rate of `base` stays; where it names another schedule, nothing.
 */
export function merged(base: Sourced | undefined, over: Sourced, key = ''): Sourced {
  if (base?.kind !== 'map' || over.kind !== 'map') return over;
  const kept = namedKinds.has(key) && changesName(base, over) ? onlyRate(base) : base.entries;
  const entries = new Map(kept);
  for (const [name, part] of over.entries) entries.set(name, merged(entries.get(name), part, name));
  return { kind: 'map', entries, origin: over.origin };
}

function changesName(base: SourcedMap, over: SourcedMap): boolean {
  const name = over.entries.get('name');
  const before = base.entries.get('name');
  return name?.kind === 'leaf' && before?.kind === 'leaf' && name.value !== before.value;
}

function onlyRate({ entries }: SourcedMap): ReadonlyMap<string, Sourced> {
  const rate = entries.get('lr');
  return new Map(rate ? [['lr', rate]] : []);
}

/**
 * `tree` with `part` at `path`, in place of what is there; missing maps on the way are made.
 *
 * @returns undefined where the path goes through something that is neither a map nor a place of a list
 */
export function withPart(tree: Sourced | undefined, path: KeyPath, part: Sourced): Sourced | undefined {
  if (path.length === 0) return part;
  const [key, ...rest] = path;
  if (typeof key === 'number') {
    if (tree?.kind !== 'list' || key >= tree.items.length) return undefined;
    const inner = withPart(tree.items[key], rest, part);
    return inner && { ...tree, items: tree.items.map((item, i) => (i === key ? inner : item)) };
  }
  const isEmpty = tree === undefined || (tree.kind === 'leaf' && tree.value === null);
  const map: SourcedMap | undefined = isEmpty
    ? { kind: 'map', entries: new Map(), origin: part.origin }
    : tree.kind === 'map'
      ? tree
      : undefined;
  const inner = map && withPart(map.entries.get(key), rest, part);
  return inner && { ...map, entries: new Map(map.entries).set(key, inner) };
}

/** Every setting with its path and its origin, in order. */
export function* settingsOf(tree: Sourced, path: KeyPath = []): Generator<[KeyPath, SourcedLeaf]> {
  if (tree.kind === 'leaf') yield [path, tree];
  else if (tree.kind === 'map')
    for (const [key, part] of tree.entries) yield* settingsOf(part, [...path, key]);
  else for (const [i, item] of tree.items.entries()) yield* settingsOf(item, [...path, i]);
}
