// Your own attention: a factor for each channel that follows the mean activation of the image. A recipe lists this file under
// `imports` and names the attention as `student.attention` (see custom-attention.yaml).
import { mean as meanOf, mul, sigmoid } from '@tensorflow/tfjs-core';
import { registerAttention } from 'bnn-distill/nn';

registerAttention('brightness', (scope, { outputs }) => {
  const weight = scope.parameter('weight', [outputs], { kind: 'constant', value: 0 });
  return { apply: ({ mean }) => mul(2, sigmoid(mul(meanOf(mean(), 1, true), weight))) };
});
