import { add, matMul, type Tensor1D, type Tensor2D, type Variable } from '@tensorflow/tfjs-core';
import type { Scope } from './parameters.js';

/** The bound of the initial weights of a dense layer, 1/√in. */
export function linearBound(inputs: number): number {
  return 1 / Math.sqrt(inputs);
}

/** y = x·W + b. Parameters: `weight` [in, out] and `bias` [out], both uniform in ±1/√in. */
export class Linear {
  readonly weight: Variable & Tensor2D;
  readonly bias: Variable & Tensor1D;

  constructor(scope: Scope, inputs: number, outputs: number) {
    const bound = linearBound(inputs);
    this.weight = scope.parameter('weight', [inputs, outputs], { kind: 'uniform', bound });
    this.bias = scope.parameter('bias', [outputs], { kind: 'uniform', bound });
  }

  apply(x: Tensor2D): Tensor2D {
    return add(matMul(x, this.weight), this.bias);
  }
}
