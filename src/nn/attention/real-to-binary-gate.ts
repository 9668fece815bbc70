import type { BinaryBlockSize } from '../binary-block.js';
import type { Scope } from '../parameters.js';
import { SqueezeExcite } from './squeeze-excite.js';

/**
 * The gate of Real-to-Binary (Martinez et al. 2020), data-driven scaling of the output's channels: squeeze and excite through
 * an 8th of the inputs.
 */
export class RealToBinaryGate extends SqueezeExcite {
  constructor(scope: Scope, size: BinaryBlockSize) {
    super(scope, size, 8);
  }
}
