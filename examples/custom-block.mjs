// A block of one's own: BN → sign → binary convolution → sum with the shortcut, without a PReLU. A recipe names this file
// under `imports` and the block as `student.block` (see custom-recipe.yaml).
import { add } from '@tensorflow/tfjs-core';
import { BatchNorm, BinaryConv2d, Downsample, registerBlock } from 'bnn-distill/nn';

class PlainBlock {
  takesPending = false;

  constructor(scope, { inputs, outputs, stride }, { binarise, signGradient, ...batchNorm }) {
    this.signGradient = signGradient;
    this.bn = new BatchNorm(scope.child('bn'), inputs, batchNorm);
    const size = { inputs, outputs, window: 3 };
    this.conv = new BinaryConv2d(scope.child('conv'), size, { stride, pad: 1 }, binarise);
    if (stride !== 1 || inputs !== outputs)
      this.shortcut = new Downsample(scope.child('shortcut'), inputs, outputs, stride, batchNorm);
  }

  // Maps are position-major: [height, width, images, channels].
  apply({ map }, training) {
    const signs = training ? this.signGradient.sign(this.bn, map) : this.bn.sign(map, false);
    const convolved = this.conv.apply(signs);
    const residual = this.shortcut?.apply(map, training);
    const y = add(convolved, residual ?? map);
    for (const tensor of [signs, convolved, residual]) tensor?.dispose();
    return { map: y, slope: undefined };
  }
}

registerBlock('plain', (scope, size, options) => new PlainBlock(scope, size, options));
