import type { Tensor4D } from '@tensorflow/tfjs-core';
import { activated } from '../../src/nn/binary-block.js';
import type { Block } from '../../src/nn/block.js';

/** A block from a whole input to a whole output, its own PReLU applied. */
export function applyBlock(block: Block, x: Tensor4D, training: boolean): Tensor4D {
  return activated(block.apply({ map: x, slope: undefined }, training));
}
