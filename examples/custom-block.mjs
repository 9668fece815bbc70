// Your own block: BatchNorm → sign → binary convolution → sum with the shortcut, without a PReLU. A recipe lists this file under
// `imports` and names the block as `student.block` (see custom-recipe.yaml).
import { add } from '@tensorflow/tfjs-core';
import { BatchNorm, BinaryConv2d, Downsample, registerBlock } from 'bnn-distill/nn';

registerBlock('plain', (scope, { inputs, outputs, stride }, options) => {
  const { binary, signGradient } = options;
  const bn = new BatchNorm(scope.child('bn'), inputs, options);
  const size = { inputs, outputs, window: 3 };
  const conv = new BinaryConv2d(scope.child('conv'), size, { stride, pad: 1 }, binary);
  const changesShape = stride !== 1 || inputs !== outputs;
  const shortcut = changesShape && new Downsample(scope.child('shortcut'), inputs, outputs, stride, options);
  return {
    // x is position-major: [height, width, images, channels].
    forward(x, { training }) {
      const signs = signGradient.sign(bn, x, training);
      return add(conv.apply(signs), shortcut ? shortcut.apply(x, training) : x);
    },
  };
});
