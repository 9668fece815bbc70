import { getKernelsForBackend, registerBackend, registerKernel } from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { nativeAddon } from './addon.js';
import { registerAttentionKernels } from './kernels/attention.js';
import { registerBlockPartKernels } from './kernels/block-parts.js';
import { registerConvolutionKernels } from './kernels/convolution.js';
import { registerHalfBinaryConvolutionKernels } from './kernels/half-binary-convolution.js';
import { registerLossKernels } from './kernels/loss.js';
import { registerNormalisationKernels } from './kernels/normalisation.js';
import { registerNormActivationKernels } from './kernels/norm-activation.js';
import { registerOptimizerKernels } from './kernels/optimizer.js';
import { registerPoolingKernels } from './kernels/pooling.js';
import { registerResidualBlockKernels } from './kernels/residual-block.js';
import { registerStockKernels } from './kernels/stock.js';
import { NativeBackend } from './native-backend.js';

const overridden = new Set([
  'Add',
  'Sub',
  'Multiply',
  'RealDiv',
  'Maximum',
  'Minimum',
  'Sigmoid',
  'Softmax',
  'LogSoftmax',
  'BatchMatMul',
  'Conv2D',
  'Conv2DBackpropInput',
  'Conv2DBackpropFilter',
]);

let registered = false;

/**
 * Registers the backend `native`: every stock CPU kernel that is not overridden, then ours.
 *
 * @throws RunError when the addon was not built
 */
export function registerNativeBackend(): void {
  if (registered) return;
  const addon = nativeAddon();
  registerBackend('native', () => new NativeBackend(addon), 3);
  for (const kernel of getKernelsForBackend('cpu')) {
    if (!overridden.has(kernel.kernelName)) registerKernel({ ...kernel, backendName: 'native' });
  }
  registerConvolutionKernels();
  registerHalfBinaryConvolutionKernels();
  registerNormalisationKernels();
  registerNormActivationKernels();
  registerBlockPartKernels();
  registerAttentionKernels();
  registerResidualBlockKernels();
  registerPoolingKernels();
  registerLossKernels();
  registerOptimizerKernels();
  registerStockKernels();
  registered = true;
}
