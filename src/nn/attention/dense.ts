import { matMul, type Tensor2D, type Variable } from '@tensorflow/tfjs-core';
import type { Scope } from '../parameters.js';

/** y = x·W without bias. Parameter: `weight` [in, out], He-normal. */
export class Dense {
  readonly weight: Variable & Tensor2D;

  constructor(scope: Scope, inputs: number, outputs: number) {
    this.weight = scope.parameter('weight', [inputs, outputs], { kind: 'heNormal', fanIn: inputs });
  }

  apply(x: Tensor2D): Tensor2D {
    return matMul(x, this.weight);
  }
}

/** The channels that are left after a reduction, at least 1. */
export function reduced(channels: number, reduction: number): number {
  return Math.max(1, Math.floor(channels / reduction));
}
