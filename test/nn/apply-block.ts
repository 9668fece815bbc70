import { type Tensor4D, tidy } from '@tensorflow/tfjs-core';
import type { Block } from '../../src/nn/blocks/block.js';

/** What a block gives, without what it makes on the way. */
export function applyBlock(block: Block, x: Tensor4D, training: boolean): Tensor4D {
  return tidy(() => block.forward(x, { training }));
}
