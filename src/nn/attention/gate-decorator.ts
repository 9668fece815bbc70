import type { Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { decoratorGate } from '../../ops/decorator-gate.js';
import type { BlockSize } from '../blocks/block.js';
import type { Scope } from '../parameters.js';
import type { AttentionDefinition, AttentionInput, ChannelAttention } from './attention.js';
import { Dense } from './dense.js';
import { ofEachRow } from './map-parts.js';

type Parameters = readonly [Variable & Tensor1D, Variable & Tensor1D, Variable & Tensor1D];

/**
 * The channel gate `cgd`, from the mean a and the maximum b of each channel:
 *
 *   s = softmax(a),  u = tanh(w₀·a·s + b₀),  v = tanh(w₁·b·s + b₁),  A = 1 + tanh(w₂·v·u + b₂)
 *
 * with the softmax over the channels and six parameters for each channel. Where the convolution changes the
 * number of channels, a full-precision 1×1 layer is applied to a and b first. Weights start at 1, biases at
 * 0.
 */
export class GateDecorator implements ChannelAttention {
  private readonly project: Dense | undefined;
  private readonly weights: Parameters;
  private readonly biases: Parameters;

  constructor(scope: Scope, { inputs, outputs }: BlockSize) {
    if (inputs !== outputs) this.project = new Dense(scope.child('conv'), inputs, outputs);
    const row = (name: string, value: number): Variable & Tensor1D =>
      scope.parameter(name, [outputs], { kind: 'constant', value });
    this.weights = [row('weight0', 1), row('weight1', 1), row('weight2', 1)];
    this.biases = [row('bias0', 0), row('bias1', 0), row('bias2', 0)];
  }

  apply({ positionPools }: AttentionInput): Tensor2D {
    const { project } = this;
    const pools = positionPools();
    const fitted = project ? ofEachRow(pools, (rows) => project.apply(rows)) : pools;
    return decoratorGate(fitted, this.weights, this.biases);
  }
}

/** {@link GateDecorator} as recipes name it. */
export const gateDecorator: AttentionDefinition = {
  name: 'cgd',
  make: (scope, size) => new GateDecorator(scope, size),
};
