import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerAttention } from '../../src/nn/attention/registry.js';
import { SqueezeExcite } from '../../src/nn/attention/squeeze-excite.js';
import type { BlockOptions, BlockSize } from '../../src/nn/blocks/block.js';
import { createBlock } from '../../src/nn/blocks/registry.js';
import { ParameterStore } from '../../src/nn/parameters.js';
import { backendRuns, releaseSets, useBackendRun } from '../backends.js';
import {
  expectGoldenGradient,
  expectGoldenValues,
  type GoldenTensor,
  hwioFromOihw,
  readGolden,
  tensorOf,
  transposeGolden,
} from '../golden.js';
import { byBackpropagation, byVariableGrads } from '../gradients.js';
import { applyBlock } from './apply-block.js';

interface GoldenBlock {
  readonly name: string;
  readonly x: GoldenTensor;
  readonly y: GoldenTensor;
  readonly dy: GoldenTensor;
  readonly dx: GoldenTensor;
  readonly parameters: Readonly<Record<string, GoldenTensor>>;
  readonly gradients: Readonly<Record<string, GoldenTensor>>;
  readonly running: Readonly<Record<string, GoldenTensor>>;
}

/** Our names, by PyTorch's. */
const names: Readonly<Record<string, string>> = {
  'bn.weight': 'bn.gamma',
  'bn.bias': 'bn.beta',
  'bn.running_mean': 'bn.runningMean',
  'bn.running_var': 'bn.runningVariance',
  'conv.w': 'conv.latent',
  'prelu.weight': 'prelu.slope',
  'fc1.weight': 'attention.fc1.weight',
  'fc2.weight': 'attention.fc2.weight',
  'down.0.weight': 'shortcut.conv.filter',
  'down.1.weight': 'shortcut.bn.gamma',
  'down.1.bias': 'shortcut.bn.beta',
  'down.1.running_mean': 'shortcut.bn.runningMean',
  'down.1.running_var': 'shortcut.bn.runningVariance',
};

/** The same for a block; a shortcut that pools first has its convolution elsewhere in PyTorch's list. */
const namesOf = (block: string): Readonly<Record<string, string>> =>
  block === 'basic-down-v2'
    ? {
        ...names,
        'down.1.weight': 'shortcut.conv.filter',
        'down.2.weight': 'shortcut.bn.gamma',
        'down.2.bias': 'shortcut.bn.beta',
        'down.2.running_mean': 'shortcut.bn.runningMean',
        'down.2.running_var': 'shortcut.bn.runningVariance',
      }
    : names;

const down = { inputs: 3, outputs: 6, stride: 2 };
const identity = { inputs: 4, outputs: 4, stride: 1 };
const blocks: Readonly<Record<string, { size: BlockSize; options?: BlockOptions }>> = {
  'basic-identity': { size: identity },
  'basic-down-v1': { size: down },
  'basic-down-v2': { size: down, options: { downsample: 'v2' } },
  'basic-down-v3': { size: down, options: { downsample: 'v3' } },
  'basic-se': { size: identity, options: { attention: 'se-2' } },
};
// The golden block reduces its 4 channels to 2.
registerAttention('se-2', (scope, size) => new SqueezeExcite(scope, size, 2));

const positionMajor = (tensor: GoldenTensor): GoldenTensor => transposeGolden(tensor, [2, 3, 0, 1]);

/** The golden tensors of a block by our names and in our layouts. */
function ours(
  block: GoldenBlock,
  part: 'parameters' | 'gradients' | 'running',
): [name: string, tensor: GoldenTensor][] {
  return Object.entries(block[part]).map(([name, tensor]) => [
    namesOf(block.name)[name],
    tensor.shape.length === 4
      ? hwioFromOihw(tensor)
      : tensor.shape.length === 2
        ? transposeGolden(tensor, [1, 0])
        : tensor,
  ]);
}

const golden = readGolden<GoldenBlock[]>('blocks');
const cases = Object.keys(blocks).flatMap((name) =>
  [byVariableGrads, byBackpropagation].map((differentiate) => ({ name, differentiate })),
);

describe.each(backendRuns)('blocks on $title against PyTorch in float64', (run) => {
  beforeAll(() => useBackendRun(run));
  afterAll(releaseSets);

  it.each(cases)('$name, $differentiate.name', ({ name, differentiate }) => {
    const block = golden.find((entry) => entry.name === name)!;
    const tensorsBefore = tf.memory().numTensors;
    const store = new ParameterStore(0);
    const layer = createBlock('binary', store.root, blocks[name].size, {
      momentum: 0.1,
      ...blocks[name].options,
    });
    const variables = store.named();
    expect(store.parameters.map((parameter) => parameter.name).sort()).toEqual(
      ours(block, 'parameters')
        .map(([parameter]) => parameter)
        .sort(),
    );
    for (const [parameter, tensor] of ours(block, 'parameters'))
      tf.tidy(() => variables.get(parameter)!.assign(tensorOf(tensor)));

    const x = tf.tidy(() => tf.variable(tensorOf<tf.Tensor4D>(positionMajor(block.x))));
    const dy = tensorOf<tf.Tensor4D>(positionMajor(block.dy));
    let y: number[] = [];
    const { gradients } = differentiate(() => {
      const output = applyBlock(layer, x as tf.Tensor as tf.Tensor4D, true);
      expect(output.shape).toEqual(positionMajor(block.y).shape);
      y = [...output.dataSync()];
      return tf.sum(tf.mul(output, dy));
    }, [x, ...store.parameters.map(({ variable }) => variable)]);

    expectGoldenValues(y, positionMajor(block.y).values);
    expectGoldenGradient(gradients.get(x)!, positionMajor(block.dx).values);
    expect(gradients.size).toBe(1 + store.parameters.length);
    for (const [parameter, tensor] of ours(block, 'gradients'))
      expectGoldenGradient(gradients.get(variables.get(parameter)!)!, tensor.values);
    expect(store.buffers.length).toBe(Object.keys(block.running).length);
    for (const [buffer, tensor] of ours(block, 'running'))
      expectGoldenValues(variables.get(buffer)!.dataSync(), tensor.values);

    tf.dispose([x, dy]);
    store.dispose();
    expect(tf.memory().numTensors).toBe(tensorsBefore);
  });

  it.each(Object.keys(blocks))('%s in evaluation uses and keeps the running statistics', (name) => {
    const block = golden.find((entry) => entry.name === name)!;
    const store = new ParameterStore(0);
    const layer = createBlock('binary', store.root, blocks[name].size, blocks[name].options ?? {});
    const variables = store.named();
    tf.tidy(() => {
      for (const [variable, tensor] of [...ours(block, 'parameters'), ...ours(block, 'running')])
        variables.get(variable)!.assign(tensorOf(tensor));
      const x = tensorOf<tf.Tensor4D>(positionMajor(block.x));
      const y = applyBlock(layer, x, false);
      // Without batch statistics each image is on its own.
      const half = x.shape[2] / 2;
      const parts = [0, half].map((from) => tf.slice(x, [0, 0, from, 0], [-1, -1, half, -1]));
      const apart = tf.concat(
        parts.map((part) => applyBlock(layer, part, false)),
        2,
      );
      expect(apart.shape).toEqual(y.shape);
      expectGoldenValues(apart.dataSync(), [...y.dataSync()]);
      for (const [buffer, tensor] of ours(block, 'running'))
        expectGoldenValues(variables.get(buffer)!.dataSync(), tensor.values);
    });
    store.dispose();
  });
});
