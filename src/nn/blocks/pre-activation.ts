import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { prelu } from '../../ops/prelu.js';
import type { BlockContext } from './block.js';

/**
 * A map [H, W, N, C] before its activation, and the slopes of the PReLU that is still to be applied to it. Without slopes
 * the map is activated already.
 */
export interface PreActivation {
  readonly map: Tensor4D;
  readonly slope: Tensor1D | undefined;
}

/**
 * A block as a network runs it. A block may leave its last PReLU to the next one, whose kernels apply it while they read
 * the map, which spares a pass over it.
 */
export interface ChainedBlock {
  /** Whether, in training, it applies the PReLU of its input itself. Else its input must be activated. */
  readonly takesPreActivation: boolean;
  /** Leaves its input alone; the result is the caller's to dispose of. */
  run(input: PreActivation, ctx: BlockContext): PreActivation;
}

/** The map with its PReLU applied, in the memory of the pre-activation, which is not read any more. */
export function activated({ map, slope }: PreActivation): Tensor4D {
  if (slope === undefined) return map;
  const y = prelu(map, slope, { inPlace: true });
  map.dispose();
  return y;
}
