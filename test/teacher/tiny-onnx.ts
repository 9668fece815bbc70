import { concatenate, encodeBytesField, encodeVarint } from '../../src/teacher/wire.js';

/** Builds small ONNX models byte by byte. */

export interface TinyTensor {
  name: string;
  dims: readonly number[];
  values: readonly number[];
  /** A file name: the data are left to it. */
  external?: string;
}
export interface TinyNode {
  op: string;
  inputs: readonly string[];
  outputs: readonly string[];
  ints?: Readonly<Record<string, readonly number[]>>;
}
export interface TinyValue {
  name: string;
  /** A string is a symbolic length; undefined: no shape at all. */
  dims?: readonly (number | string)[];
  /** TensorProto.DataType; 1 is float32. */
  dtype?: number;
}
export interface TinyModel {
  inputs: readonly TinyValue[];
  outputs: readonly TinyValue[];
  nodes: readonly TinyNode[];
  initializers?: readonly TinyTensor[];
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const textField = (number: number, value: string): Uint8Array => encodeBytesField(number, text(value));
const integerField = (number: number, value: number): Uint8Array =>
  concatenate([encodeVarint(number * 8), encodeVarint(value)]);
const message = (number: number, ...fields: Uint8Array[]): Uint8Array =>
  encodeBytesField(number, concatenate(fields));

export function tinyOnnx({ inputs, outputs, nodes, initializers = [] }: TinyModel): Uint8Array {
  return concatenate([
    integerField(1, 7),
    textField(2, 'tiny'),
    message(
      7,
      ...nodes.map(node),
      textField(2, 'graph'),
      ...initializers.map(tensor),
      ...inputs.map((value) => valueInfo(11, value)),
      ...outputs.map((value) => valueInfo(12, value)),
    ),
    message(8, textField(1, 'another.domain'), integerField(2, 1)),
    message(8, integerField(2, 13)),
  ]);
}

function node({ op, inputs, outputs, ints = {} }: TinyNode): Uint8Array {
  return message(
    1,
    ...inputs.map((name) => textField(1, name)),
    ...outputs.map((name) => textField(2, name)),
    textField(3, `${op} of ${outputs[0]}`),
    textField(4, op),
    ...Object.entries(ints).map(([name, values]) =>
      message(5, textField(1, name), ...values.map((value) => integerField(8, value)), integerField(20, 7)),
    ),
  );
}

function tensor({ name, dims, values, external }: TinyTensor): Uint8Array {
  const data =
    external === undefined
      ? encodeBytesField(9, float32Bytes(values))
      : concatenate([message(13, textField(1, 'location'), textField(2, external)), integerField(14, 1)]);
  return message(5, ...dims.map((dim) => integerField(1, dim)), integerField(2, 1), textField(8, name), data);
}

export function float32Bytes(values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

function valueInfo(number: number, { name, dims, dtype = 1 }: TinyValue): Uint8Array {
  const shape = dims?.map((dim) =>
    message(1, typeof dim === 'number' ? integerField(1, dim) : textField(2, dim)),
  );
  const type = message(1, integerField(1, dtype), ...(shape === undefined ? [] : [message(2, ...shape)]));
  return message(number, textField(1, name), message(2, type));
}

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
