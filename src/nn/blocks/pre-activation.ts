import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { prelu } from '../../ops/prelu.js';
import type { BlockContext } from './block.js';

/**
 * A map [H, W, N, C] before its activation, and the slopes of the PReLU that is still to be applied. Without
 * slopes the map is activated already.
 */
export interface PreActivation {
  readonly map: Tensor4D;
  readonly slope: Tensor1D | undefined;
}

/**
 * A block as a network runs it. It may leave its last PReLU to the next block, whose kernels apply it while
 * they read the map. That saves a pass over the map.
 */
export interface ChainedBlock {
  /**
   * Whether, in training, it applies the PReLU of its input itself. Otherwise its input must be activated.
   */
  readonly takesPreActivation: boolean;
  /** It does not dispose of its input. The result is the caller's to dispose of. */
  run(input: PreActivation, ctx: BlockContext): PreActivation;
}

/** The map with its PReLU applied, in the memory of the pre-activation, which must not be read any more. */
export function activated({ map, slope }: PreActivation): Tensor4D {
  if (slope === undefined) return map;
  const y = prelu(map, slope, { inPlace: true });
  map.dispose();
  return y;
}
