import { InputError } from '../../errors.js';
import { unknownName } from '../../unknown-name.js';
import type { Scope } from '../parameters.js';
import { biReal } from './bi-real.js';
import { binary } from './binary.js';
import type { Block, BlockOptions, BlockSize } from './block.js';
import type { BlockDefinition } from './definition.js';
import { chainedPending, isPendingBlock, type PendingBlock } from './deprecated-blocks.js';
import { chainedPlain } from './plain-block.js';
import { activated, type ChainedBlock } from './pre-activation.js';
import { reActNet } from './react-net.js';
import { realToBinary } from './real-to-binary.js';
import { bodiesOf, SkippedBlock } from './skipped-block.js';

/** The blocks of this package. */
const own: readonly BlockDefinition[] = [binary, biReal, reActNet, realToBinary];

/** Their names. */
export const blockNames: readonly string[] = own.map(({ name }) => name);

/** The block of a network that names none. */
export const defaultBlock = binary.name;

/** Makes a block as a network runs it. */
export type ChainedBlockFactory = (scope: Scope, size: BlockSize, options: BlockOptions) => ChainedBlock;

const factories = new Map<string, ChainedBlockFactory>(
  own.map((definition) => [
    definition.name,
    (scope, size, options) =>
      new SkippedBlock(bodiesOf(definition, scope, size, options), scope, size, options),
  ]),
);

/**
 * Makes a block known to recipes (`student.block`) and checkpoints under its name. It replaces a block that
 * was registered under this name before. Networks of basic blocks take it; networks of bottlenecks refuse it.
 *
 * @param factory makes the block with its parameters in a scope. The form of blocks before 0.2, with `apply`
 *   and `takesPending`, is deprecated and works until 0.3.
 * @throws InputError for the name of a block of this package
 */
export function registerBlock(
  name: string,
  factory: (scope: Scope, size: BlockSize, options: BlockOptions) => Block | PendingBlock,
): void {
  if (isOwnBlock(name))
    throw new InputError(`the block '${name}' is that of this package.`, { fix: 'choose another name' });
  factories.set(name, (scope, size, options) => {
    // Blocks of the form before 0.2 read `binarise`.
    const block = factory(scope, size, { ...options, binarise: options.binary });
    return isPendingBlock(block) ? chainedPending(block) : chainedPlain(name, block, size);
  });
}

/** The definition of a block of this package; undefined for any other name. */
export function blockDefinition(name: string): BlockDefinition | undefined {
  return own.find((definition) => definition.name === name);
}

/** Whether a block is of this package. */
export function isOwnBlock(name: string): boolean {
  return blockDefinition(name) !== undefined;
}

/** @throws InputError for a name that is not known */
export function blockFactory(name: string): ChainedBlockFactory {
  const found = factories.get(name);
  if (found) return found;
  throw unknownName('block', name, [...factories.keys()]);
}

/**
 * Makes a block by name with its parameters in a scope, for a network that you build yourself.
 *
 * @throws InputError for a name that is not known
 */
export function createBlock(name: string, scope: Scope, size: BlockSize, options: BlockOptions = {}): Block {
  const block = blockFactory(name)(scope, size, options);
  return { forward: (x, ctx) => activated(block.run({ map: x, slope: undefined }, ctx)) };
}
