import { InputError } from '../errors.js';
import { unknownName } from '../unknown-name.js';
import type { BinaryBlockOptions, BinaryBlockSize, PendingMap } from './binary-block.js';
import { BinaryBlock } from './binary-block.js';
import type { Scope } from './parameters.js';

/** A block of a student's body: a map [H, W, N, inputs] to one of `outputs` channels, at `stride`. */
export interface Block {
  /** Whether in training it applies the slopes of {@link PendingMap} itself; else its input is activated before. */
  readonly takesPending: boolean;
  apply(input: PendingMap, training: boolean): PendingMap;
}

/** Makes a block with its parameters in a scope. */
export type BlockFactory = (scope: Scope, size: BinaryBlockSize, options: BinaryBlockOptions) => Block;

/** The name of the block of this package. */
export const defaultBlock = 'binary';

const factories = new Map<string, BlockFactory>([
  [defaultBlock, (scope, size, options) => new BinaryBlock(scope, size, options)],
]);

/**
 * Makes a block known to recipes (`student.block`) and checkpoints under its name; one of the same name that was registered
 * before is replaced. A map that it gives is the network's to dispose of.
 *
 * @throws InputError for the name of the block of this package
 */
export function registerBlock(name: string, factory: BlockFactory): void {
  if (name === defaultBlock)
    throw new InputError(`the block '${name}' is that of this package.`, { fix: 'choose another name' });
  factories.set(name, factory);
}

/** @throws InputError for a name that is not known */
export function blockFactory(name: string): BlockFactory {
  const found = factories.get(name);
  if (found) return found;
  throw unknownName('block', name, [...factories.keys()]);
}
