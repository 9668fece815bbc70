import type { ModelParts, NodeParts, TensorParts } from '../../scripts/support/onnx-model.js';
import { RandomStream } from '../../src/data/random.js';
import { toFloat16 } from '../../src/float16.js';

/** The size and classes of the images that the variants take. */
export const variantSize = 8;
export const variantClasses = ['a', 'b', 'c', 'd', 'e'];

/** How a variant of the residual network differs from the plain one. */
export interface Variant {
  readonly half?: boolean;
  readonly nhwc?: boolean;
  readonly nameless?: boolean;
  /** The batch of the input; a name, which leaves it open, unless given. */
  readonly batch?: number;
  /** Operations behind the logits. */
  readonly ending?: readonly ('Softmax' | 'Cast' | 'Identity' | 'LogSoftmax')[];
  /** Keep the weights in this file. */
  readonly external?: string;
  /** Keys the weights; 1 unless given. */
  readonly seed?: number;
}

/**
 * A small residual network with two levels, in any of the variants in which a model may come: 3×3 convolution → ReLU →
 * residual block → block of stride 2 with a 1×1 shortcut → global mean → linear.
 */
export function residualNetwork(variant: Variant = {}): ModelParts {
  const { half = false, nhwc = false, nameless = false, batch = 'N', ending = [], external } = variant;
  const dtype = half ? 10 : 1;
  const initializers: TensorParts[] = [];
  const weights = new RandomStream({ seed: variant.seed ?? 1, purpose: 1001 });
  let offset = 0;
  const tensor = (name: string, dims: readonly number[]): string => {
    const fanIn = dims.slice(1).reduce((product, dim) => product * dim, 1);
    const count = dims.reduce((product, dim) => product * dim, 1);
    const floats = Float32Array.from({ length: count }, () => weights.normal() / Math.sqrt(fanIn));
    const values = half ? toFloat16(floats, new Uint16Array(count)) : floats;
    initializers.push({ name, dims, values, dtype, ...(external === undefined ? {} : { external, offset }) });
    offset += values.byteLength;
    return name;
  };
  const conv = (input: string, output: string, shape: readonly number[], stride = 1): NodeParts => {
    const pad = Math.floor(shape[2] / 2);
    return {
      op: 'Conv',
      inputs: [input, tensor(`w of ${output}`, shape)],
      outputs: [output],
      ints: { kernel_shape: shape.slice(2), strides: [stride, stride], pads: [pad, pad, pad, pad] },
    };
  };
  const logits = ending.length === 0 ? 'y' : 'logits';
  const nodes: NodeParts[] = [
    ...(nhwc ? [{ op: 'Transpose', inputs: ['image'], outputs: ['x'], ints: { perm: [0, 3, 1, 2] } }] : []),
    conv('x', 'c1', [4, 3, 3, 3]),
    { op: 'Relu', inputs: ['c1'], outputs: ['r1'] },
    conv('r1', 'c2', [4, 4, 3, 3]),
    { op: 'Add', inputs: ['c2', 'r1'], outputs: ['s2'] },
    { op: 'Relu', inputs: ['s2'], outputs: ['r2'] },
    conv('r2', 'c3', [6, 4, 3, 3], 2),
    conv('r2', 'shortcut', [6, 4, 1, 1], 2),
    { op: 'Add', inputs: ['c3', 'shortcut'], outputs: ['s3'] },
    { op: 'Relu', inputs: ['s3'], outputs: ['r3'] },
    { op: 'GlobalAveragePool', inputs: ['r3'], outputs: ['pooled'] },
    { op: 'Flatten', inputs: ['pooled'], outputs: ['flat'] },
    {
      op: 'Gemm',
      inputs: [
        'flat',
        tensor('w of logits', [variantClasses.length, 6]),
        tensor('b of logits', [variantClasses.length]),
      ],
      outputs: [logits],
      int: { transB: 1 },
    },
  ];
  let last = logits;
  let type = dtype;
  ending.forEach((op, at) => {
    const output = at === ending.length - 1 ? 'y' : `end ${at}`;
    if (op === 'Cast') type = 1;
    nodes.push({ op, inputs: [last], outputs: [output], ...(op === 'Cast' ? { int: { to: 1 } } : {}) });
    last = output;
  });
  const side = variantSize;
  return {
    inputs: [
      nhwc
        ? { name: 'image', dims: [batch, side, side, 3], dtype }
        : { name: 'x', dims: [batch, 3, side, side], dtype },
    ],
    outputs: [{ name: 'y', dims: [batch, variantClasses.length], dtype: type }],
    nodes,
    initializers,
    nameless,
  };
}
