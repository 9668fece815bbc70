import { getKernelsForBackend, registerBackend, registerKernel, setBackend } from '@tensorflow/tfjs-core';
import { nativeAddon } from '../../src/backends/native/addon.js';
import { NativeBackend } from '../../src/backends/native/native-backend.js';
import { useBackend } from '../../src/backends/use-backend.js';

/** The kernels of the native backend that read or write bits. */
const bitKernels = new Set([
  'BinaryResidual',
  'BinaryResidualGrad',
  'BatchNormSign',
  'BatchNormGrad',
  'BinariseFilter',
  'BinaryConv2D',
  'BinaryConv2DBackpropInput',
  'BinaryConv2DBackpropFilter',
]);

let registered = false;

/**
 * Makes `composed` the current backend: the native one without its bits. What reads or writes them runs by its composed
 * definition in floats, the convolutions on the native float kernels.
 */
export async function useComposedBackend(): Promise<void> {
  await useBackend('native');
  if (!registered) {
    registerBackend('composed', () => new NativeBackend(nativeAddon()));
    for (const kernel of getKernelsForBackend('native')) {
      if (!bitKernels.has(kernel.kernelName)) registerKernel({ ...kernel, backendName: 'composed' });
    }
    registered = true;
  }
  await setBackend('composed');
}
