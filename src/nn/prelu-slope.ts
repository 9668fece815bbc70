import type { Tensor1D, Variable } from '@tensorflow/tfjs-core';
import type { Scope } from './parameters.js';

/**
 * New slopes of a PReLU, one for each channel, 0.25 at the start (He et al. 2015). Parameter: `prelu.slope`
 * [channels].
 */
export function preluSlope(scope: Scope, channels: number): Variable & Tensor1D {
  return scope.child('prelu').parameter('slope', [channels], { kind: 'constant', value: 0.25 });
}
