import { InputError } from '../errors.js';
import { unknownName } from '../unknown-name.js';
import type { BinaryBlockOptions, BinaryBlockSize, PendingMap } from './binary-block.js';
import { BinaryOrder, createOrder, orderNames, type OrderName, RealToBinaryOrder } from './block-orders.js';
import { ComposedBlock, partsOf } from './composed-block.js';
import { FusedBlock, type FusedOrder } from './fused-block.js';
import type { Scope } from './parameters.js';

/** A block of a student's body: a map [H, W, N, inputs] to one of `outputs` channels, at `stride`. */
export interface Block {
  /** Whether in training it applies the slopes of {@link PendingMap} itself; else its input is activated before. */
  readonly takesPending: boolean;
  apply(input: PendingMap, training: boolean): PendingMap;
}

/** Makes a block with its parameters in a scope. */
export type BlockFactory = (scope: Scope, size: BinaryBlockSize, options: BinaryBlockOptions) => Block;

/** The name of the block that a network has unless it says otherwise. */
export const defaultBlock = 'binary';

const fusedOrders: Readonly<Partial<Record<OrderName, FusedOrder>>> = {
  binary: BinaryOrder,
  realToBinary: RealToBinaryOrder,
};

/** A block of this package. */
function ownBlock(order: OrderName): BlockFactory {
  return (scope, size, options) => {
    const fused = fusedOrders[order];
    if (fused) return new FusedBlock(fused, scope, size, options);
    const orders = partsOf(scope, size, options.skip, (part, of) => createOrder(order, part, of, options));
    return new ComposedBlock(orders, scope, size, options);
  };
}

const factories = new Map<string, BlockFactory>(orderNames.map((name) => [name, ownBlock(name)]));

/**
 * Makes a block known to recipes (`student.block`) and checkpoints under its name; one of the same name that was registered
 * before is replaced. A map that it gives is the network's to dispose of. It stands in place of a basic block: a network of
 * bottlenecks has those of this package, and refuses it.
 *
 * @throws InputError for the name of a block of this package
 */
export function registerBlock(name: string, factory: BlockFactory): void {
  if (isOwnBlock(name))
    throw new InputError(`the block '${name}' is that of this package.`, { fix: 'choose another name' });
  factories.set(name, factory);
}

/** Whether a block is of this package. */
export function isOwnBlock(name: string): boolean {
  return orderNames.some((own) => own === name);
}

/** @throws InputError for a name that is not known */
export function blockFactory(name: string): BlockFactory {
  const found = factories.get(name);
  if (found) return found;
  throw unknownName('block', name, [...factories.keys()]);
}
