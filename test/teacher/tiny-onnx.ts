import { encodeModel, type ModelParts, tensorBytes } from '../../scripts/support/onnx-model.js';

/** Small ONNX models. */

export type TinyModel = ModelParts;
export const tinyOnnx = encodeModel;
export const float32Bytes = (values: readonly number[]): Uint8Array => tensorBytes(values);

/** Mean of each channel of the image: logits [batch, 3] that show what the model was fed. */
export function channelMeans(
  dims: readonly (number | string)[] = ['batch', 3, 4, 4],
  ending: 'Softmax' | 'Sigmoid' | 'none' = 'none',
): TinyModel {
  const nhwc = dims[3] === 3;
  const image = nhwc ? 'image' : 'x';
  return {
    inputs: [{ name: image, dims }],
    outputs: [{ name: 'y', dims: [dims[0], 3] }],
    nodes: [
      ...(nhwc ? [{ op: 'Transpose', inputs: ['image'], outputs: ['x'], ints: { perm: [0, 3, 1, 2] } }] : []),
      { op: 'GlobalAveragePool', inputs: ['x'], outputs: ['pooled'] },
      { op: 'Flatten', inputs: ['pooled'], outputs: [ending === 'none' ? 'y' : 'flat'] },
      ...(ending === 'none' ? [] : [{ op: ending, inputs: ['flat'], outputs: ['y'] }]),
    ],
  };
}

/**
 * Two residual blocks: the first sum's activation is used once and again by the second block's sum, which has two users;
 * after a pooling a third sum stands alone. A hard-swish-like sum with a constant is no skip connection.
 */
export const residual: TinyModel = {
  inputs: [{ name: 'x', dims: ['batch', 3, 4, 4] }],
  outputs: [{ name: 'y', dims: ['batch', 3] }],
  nodes: [
    { op: 'Relu', inputs: ['x'], outputs: ['r0'] },
    { op: 'Add', inputs: ['x', 'r0'], outputs: ['sum1'] },
    { op: 'Relu', inputs: ['sum1'], outputs: ['r1'] },
    { op: 'Add', inputs: ['r1', 'r0'], outputs: ['sum2'] },
    { op: 'Relu', inputs: ['sum2'], outputs: ['r2'] },
    { op: 'Add', inputs: ['r2', 'three'], outputs: ['shifted'] },
    { op: 'Mul', inputs: ['shifted', 'sum2'], outputs: ['swish'] },
    { op: 'MaxPool', inputs: ['swish'], outputs: ['small'], ints: { kernel_shape: [2, 2], strides: [2, 2] } },
    { op: 'Relu', inputs: ['small'], outputs: ['r3'] },
    { op: 'Add', inputs: ['small', 'r3'], outputs: ['sum3'] },
    { op: 'LeakyRelu', inputs: ['sum3'], outputs: ['r4'] },
    { op: 'GlobalAveragePool', inputs: ['r4'], outputs: ['pooled'] },
    { op: 'Flatten', inputs: ['pooled'], outputs: ['y'] },
  ],
  initializers: [{ name: 'three', dims: [1], values: [3] }],
};

/** A card's text with the sha256 given. */
export function cardText(file: string, sha256: string, lines: readonly string[] = []): string {
  return [
    'schema: 1',
    `file: ${file}`,
    `sha256: ${sha256}`,
    'input: { layout: nchw, size: [4, 4], mean: [0, 0, 0], std: [1, 1, 1] }',
    'classes: [a, b, c]',
    ...lines,
    '',
  ].join('\n');
}
