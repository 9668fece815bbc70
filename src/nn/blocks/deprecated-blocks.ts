/** Blocks in the form that they had before 0.2. They work until 0.3. */
import { type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import type { Scope } from '../parameters.js';
import { binary } from './binary.js';
import type { Block, BlockContext, BlockOptions, BlockSize } from './block.js';
import { bottleneck, type BottleneckSize } from './bottleneck.js';
import type { BlockBody } from './definition.js';
import type { ChainedBlock, PreActivation } from './pre-activation.js';
import { bodiesOf, SkippedBlock } from './skipped-block.js';

/** @deprecated Write a block as `forward(x, ctx)`; see `Block`. `registerBlock` takes this form until 0.3. */
export interface PendingBlock {
  /** Whether, in training, it applies the slopes of its input itself. Else its input is activated before. */
  readonly takesPending: boolean;
  apply(input: PreActivation, training: boolean): PreActivation;
}

/** Whether a block has the deprecated form. */
export function isPendingBlock(block: Block | PendingBlock): block is PendingBlock {
  return 'apply' in block && !('forward' in block);
}

/** A block of the deprecated form as a network runs it. */
export function chainedPending(block: PendingBlock): ChainedBlock {
  return {
    get takesPreActivation() {
      return block.takesPending;
    },
    run: (input, { training }: BlockContext) => block.apply(input, training),
  };
}

/** @deprecated Until 0.3: `createBlock('binary', scope, size, options)`. */
export class BinaryBlock implements PendingBlock {
  readonly #block: SkippedBlock;

  constructor(scope: Scope, size: BlockSize, options: BlockOptions = {}) {
    this.#block = new SkippedBlock(bodiesOf(binary, scope, size, options), scope, size, options);
  }

  get takesPending(): boolean {
    return this.#block.takesPreActivation;
  }

  apply(input: PreActivation, training: boolean): PreActivation {
    return this.#block.run(input, { training });
  }
}

/** @deprecated Until 0.3: the names of this package's blocks are `string`. */
export type OrderName = 'binary' | 'biReal' | 'reActNet' | 'realToBinary';

/** @deprecated Until 0.3: write a `Block`. A body in two parts; the shortcut is added between them. */
export interface BlockOrder {
  /** From the input [H, W, N, inputs] to what the shortcut is added to. */
  body(x: Tensor4D, training: boolean): Tensor4D;
  /** From body and shortcut to the output, or from the body alone. */
  finish(body: Tensor4D, shortcut: Tensor4D | undefined, training: boolean): Tensor4D;
}

/** @deprecated Until 0.3: write a `Block`. One or more orders under one shortcut. */
export class ComposedBlock implements PendingBlock {
  readonly #block: SkippedBlock;

  constructor(orders: readonly BlockOrder[], scope: Scope, size: BlockSize, options: BlockOptions) {
    const bodies = orders.map((order): BlockBody => ({
      forward: (x, { training, shortcut }) => order.finish(order.body(x, training), shortcut, training),
    }));
    this.#block = new SkippedBlock(bodies, scope, size, options);
  }

  get takesPending(): boolean {
    return this.#block.takesPreActivation;
  }

  apply(input: PreActivation, training: boolean): PreActivation {
    return this.#block.run(input, { training });
  }
}

/** @deprecated Until 0.3: `bottleneck(scope, size, options)`. */
export class BinaryBottleneck implements PendingBlock {
  readonly takesPending = false;
  private readonly block: Block;

  constructor(scope: Scope, size: BottleneckSize, options: BlockOptions = {}) {
    this.block = bottleneck(scope, size, options);
  }

  apply({ map }: PreActivation, training: boolean): PreActivation {
    return { map: tidy(() => this.block.forward(map, { training })), slope: undefined };
  }
}
