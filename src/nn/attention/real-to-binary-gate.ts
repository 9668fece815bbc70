import type { BlockSize } from '../blocks/block.js';
import type { Scope } from '../parameters.js';
import type { AttentionDefinition } from './attention.js';
import { SqueezeExcite } from './squeeze-excite.js';

/**
 * The gate of Real-to-Binary (Martinez et al. 2020), which scales the output's channels by the data: squeeze
 * and excite through an 8th of the inputs.
 */
export class RealToBinaryGate extends SqueezeExcite {
  constructor(scope: Scope, size: BlockSize) {
    super(scope, size, 8);
  }
}

/** {@link RealToBinaryGate} as recipes name it. */
export const realToBinaryGate: AttentionDefinition = {
  name: 'gate',
  make: (scope, size) => new RealToBinaryGate(scope, size),
};
