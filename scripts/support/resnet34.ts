import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { RandomStream } from '../../src/data/random.js';
import { writeFileAtomically } from '../../src/files/atomic-write.js';
import { cardPathBeside } from '../../src/teacher/find-teacher.js';
import { encodeModel, type ModelParts, type NodeParts, type TensorParts } from './onnx-model.js';

/** Basic blocks and channels of the four levels (He et al., "Deep residual learning", CVPR 2016, table 1). */
const levels = [
  { blocks: 3, channels: 64 },
  { blocks: 4, channels: 128 },
  { blocks: 6, channels: 256 },
  { blocks: 3, channels: 512 },
] as const;

const purpose = 1002;

/**
 * ResNet-34 for 224×224 images with random weights, as it is exported with its BatchNorms folded: `input` [batch, 3, 224,
 * 224] → `logits` [batch, classes].
 *
 * @param seed keys the weights
 */
export function resnet34(classes: number, seed: number): ModelParts {
  const stream = new RandomStream({ seed, purpose });
  const initializers: TensorParts[] = [];
  const nodes: NodeParts[] = [];
  const random = (name: string, dims: readonly number[], bound: number): string => {
    const count = dims.reduce((product, dim) => product * dim, 1);
    const values = Float32Array.from({ length: count }, () => bound * (2 * stream.float() - 1));
    initializers.push({ name, dims, values });
    return name;
  };
  /** Uniform weights of He's variance times `gain`². */
  const conv = (
    input: string,
    output: string,
    shape: readonly number[],
    stride: number,
    gain: number,
  ): string => {
    const fanIn = shape[1] * shape[2] * shape[3];
    const weight = random(`${output}.weight`, shape, gain * Math.sqrt(6 / fanIn));
    const bias = random(`${output}.bias`, [shape[0]], 0.1);
    const pad = Math.floor(shape[2] / 2);
    nodes.push({
      op: 'Conv',
      inputs: [input, weight, bias],
      outputs: [output],
      ints: { kernel_shape: shape.slice(2), strides: [stride, stride], pads: [pad, pad, pad, pad] },
    });
    return output;
  };
  const apply = (
    op: string,
    inputs: readonly string[],
    output: string,
    rest: Partial<NodeParts> = {},
  ): string => {
    nodes.push({ op, inputs, outputs: [output], ...rest });
    return output;
  };

  let x = apply('Relu', [conv('input', 'conv1', [64, 3, 7, 7], 2, 1)], 'relu1');
  const pool = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
  x = apply('MaxPool', [x], 'maxpool', { ints: pool });
  let inputs = 64;
  levels.forEach(({ blocks, channels }, level) => {
    for (let n = 0; n < blocks; n++) {
      const name = `layer${level + 1}.${n}`;
      const stride = level > 0 && n === 0 ? 2 : 1;
      const first = conv(x, `${name}.conv1`, [channels, inputs, 3, 3], stride, 1);
      const middle = apply('Relu', [first], `${name}.relu1`);
      // Less than He's, so that the sums of the residual network do not double with each block.
      const branch = conv(middle, `${name}.conv2`, [channels, channels, 3, 3], 1, 0.3);
      const shortcut =
        stride === 1 ? x : conv(x, `${name}.downsample`, [channels, inputs, 1, 1], stride, 0.7);
      x = apply('Relu', [apply('Add', [branch, shortcut], `${name}.sum`)], `${name}.relu2`);
      inputs = channels;
    }
  });
  const pooled = apply('Flatten', [apply('GlobalAveragePool', [x], 'avgpool')], 'features');
  const weight = random('fc.weight', [classes, inputs], Math.sqrt(3 / inputs));
  apply('Gemm', [pooled, weight, random('fc.bias', [classes], 0.1)], 'logits', { int: { transB: 1 } });
  return {
    inputs: [{ name: 'input', dims: ['batch', 3, 224, 224] }],
    outputs: [{ name: 'logits', dims: ['batch', classes] }],
    nodes,
    initializers,
  };
}

/** Writes {@link resnet34} to `path` and its teacher card beside it; `classes` in the order of the logits. */
export async function writeResnet34(path: string, classes: readonly string[], seed: number): Promise<void> {
  const bytes = encodeModel(resnet34(classes.length, seed));
  await writeFileAtomically(path, [bytes]);
  const card = [
    `# ResNet-34 with random weights (seed ${seed}): it knows nothing.`,
    'schema: 1',
    `file: ${JSON.stringify(basename(path))}`,
    `sha256: ${createHash('sha256').update(bytes).digest('hex')}`,
    'input:',
    '  layout: nchw',
    '  size: [224, 224]',
    '  mean: [0.485, 0.456, 0.406]',
    '  std: [0.229, 0.224, 0.225]',
    '  resize: { short: 256, interpolation: bilinear, crop: 224 }',
    `classes: ${JSON.stringify(classes)}`,
    '',
  ].join('\n');
  await writeFileAtomically(cardPathBeside(path), card);
}
