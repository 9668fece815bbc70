import { matMul, mul, relu, sigmoid, step, sub, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';

/**
 * The weights of a gate: from C channels to fewer, [C, hidden], and from those to the K channels of the
 * output, [hidden, K].
 */
export interface SqueezeExciteWeights {
  readonly squeeze: Tensor2D;
  readonly excite: Tensor2D;
}

/**
 * From means m [N, C] the hidden values ReLU(m · squeeze) and the gate σ(hidden · excite), in stock
 * operations.
 */
export function squeezeExcite(m: Tensor, squeeze: Tensor, excite: Tensor): [hidden: Tensor, gate: Tensor] {
  const hidden = relu(matMul(m, squeeze));
  return [hidden, sigmoid(matMul(hidden, excite))];
}

/**
 * The gradients to m, squeeze and excite from the gradient to the gate, and inputs and outputs of {@link
 * squeezeExcite}.
 */
export function squeezeExciteGradients(
  dgate: Tensor,
  { squeeze, excite, mapMean, hidden, gate }: Record<string, Tensor>,
): [dm: Tensor, dsqueeze: Tensor, dexcite: Tensor] {
  const dlogits = mul(dgate, mul(gate, sub(1, gate)));
  const dhidden = mul(matMul(dlogits, excite, false, true), step(hidden));
  return [
    matMul(dhidden, squeeze, false, true),
    matMul(mapMean, dhidden, true),
    matMul(hidden, dlogits, true),
  ];
}
