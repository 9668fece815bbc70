import { add, mul, softmax, tanh, type Tensor1D, type Tensor2D, type Variable } from '@tensorflow/tfjs-core';
import type { BinaryBlockSize } from '../binary-block.js';
import type { Scope } from '../parameters.js';
import type { AttentionInput, ChannelAttention } from './attention.js';
import { Dense } from './dense.js';
import { positionMax } from './map-parts.js';

/**
 * The channel gate that decorates a convolution: with the mean a and the maximum b of each channel, softmax over the channels,
 *
 *   s = softmax(a),  u = tanh(w₀·a·s + b₀),  v = tanh(w₁·b·s + b₁),  A = 1 + tanh(w₂·v·u + b₂)
 *
 * with six parameters a channel. Where the convolution changes the number of channels a full-precision 1×1 layer on a and b
 * comes first.
 */
export class GateDecorator implements ChannelAttention {
  private readonly project: Dense | undefined;
  private readonly weights: (Variable & Tensor1D)[];
  private readonly biases: (Variable & Tensor1D)[];

  constructor(scope: Scope, { inputs, outputs }: BinaryBlockSize) {
    if (inputs !== outputs) this.project = new Dense(scope.child('conv'), inputs, outputs);
    const each = (name: string, value: number): (Variable & Tensor1D)[] =>
      [0, 1, 2].map((i) => scope.parameter<Tensor1D>(`${name}${i}`, [outputs], { kind: 'constant', value }));
    this.weights = each('weight', 1);
    this.biases = each('bias', 0);
  }

  apply({ mean, map }: AttentionInput): Tensor2D {
    const fitted = (x: Tensor2D): Tensor2D => this.project?.apply(x) ?? x;
    const [average, greatest] = [fitted(mean()), fitted(positionMax(map()))];
    const share = softmax(average);
    const [w0, w1, w2] = this.weights;
    const [b0, b1, b2] = this.biases;
    const u = tanh(add(mul(mul(average, w0), share), b0));
    const v = tanh(add(mul(mul(greatest, w1), share), b1));
    return add(1, tanh(add(mul(mul(v, w2), u), b2)));
  }
}
