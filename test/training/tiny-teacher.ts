import type { TinyModel } from '../teacher/tiny-onnx.js';

/** Two residual levels of three channels, 32×32 and 16×16, and ten logits. */
export const twoLevels: TinyModel = {
  inputs: [{ name: 'x', dims: ['batch', 3, 32, 32] }],
  outputs: [{ name: 'y', dims: ['batch', 10] }],
  nodes: [
    { op: 'Relu', inputs: ['x'], outputs: ['r0'] },
    { op: 'Add', inputs: ['x', 'r0'], outputs: ['sum1'] },
    { op: 'MaxPool', inputs: ['sum1'], outputs: ['half'], ints: { kernel_shape: [2, 2], strides: [2, 2] } },
    { op: 'Relu', inputs: ['half'], outputs: ['r1'] },
    { op: 'Add', inputs: ['half', 'r1'], outputs: ['sum2'] },
    { op: 'GlobalAveragePool', inputs: ['sum2'], outputs: ['pooled'] },
    { op: 'Flatten', inputs: ['pooled'], outputs: ['flat'] },
    { op: 'MatMul', inputs: ['flat', 'weights'], outputs: ['y'] },
  ],
  initializers: [
    { name: 'weights', dims: [3, 10], values: Array.from({ length: 30 }, (_, n) => Math.sin(n)) },
  ],
};
