import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Network } from '../../src/models/network.js';
import { createStudent } from '../../src/models/create-network.js';
import { type BinaryOperands, binaryOperandNames } from '../../src/nn/binary-operands.js';
import type { Block } from '../../src/nn/blocks/block.js';
import { createBlock } from '../../src/nn/blocks/registry.js';
import { ParameterStore } from '../../src/nn/parameters.js';
import { hardClamp, signSte } from '../../src/ops/activations.js';
import { batchNormTraining } from '../../src/ops/batch-norm.js';
import { channelStatistics } from '../../src/ops/channel-statistics.js';
import { conv2d } from '../../src/ops/conv2d.js';
import { addPrelu } from '../../src/ops/prelu.js';
import { Adam } from '../../src/optim/optimizers/adam.js';
import { loadStudent, saveStudent } from '../../src/models/checkpoint.js';
import { backends, useTestBackend } from '../backends.js';
import { scratchFolder } from '../files/scratch.js';
import { expectGoldenGradient, expectGoldenValues } from '../golden.js';
import { byBackpropagation, byVariableGrads } from '../gradients.js';
import { randomFloats } from '../native/shapes.js';
import { expectRefusal } from '../ops/operation-runs.js';
import { applyBlock } from './apply-block.js';
import { wholeFilter } from './plain-blocks.js';

const size = { inputs: 9, outputs: 9, stride: 1 };
const shape: [number, number, number, number] = [5, 4, 6, 9];
const maps = (tensor: tf.Tensor): tf.Tensor4D => tensor as tf.Tensor4D;
const row = (tensor: tf.Tensor | undefined): tf.Tensor1D => tensor as tf.Tensor1D;

/** A block with random parameters of a size at which the clipping of the estimators matters. */
function blockOf(binary: BinaryOperands, groups = 1): { block: Block; store: ParameterStore } {
  const store = new ParameterStore(3);
  const block = createBlock('binary', store.root, size, { binary, groups });
  store.parameters.forEach(({ name, variable }, i) => {
    const scale = name === 'conv.latent' ? 1.4 : 1;
    const values = randomFloats(variable.size, i).map((v) => scale * v);
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  });
  return { block, store };
}

/** The definition of the block from the operations for one tensor each. */
function composed(
  binary: BinaryOperands,
  x: tf.Tensor4D,
  variables: ReadonlyMap<string, tf.Variable>,
  groups: number,
): tf.Tensor {
  const affine = { gamma: row(variables.get('bn.gamma')), beta: row(variables.get('bn.beta')) };
  const latent = maps(variables.get('conv.latent')!);
  const v = batchNormTraining(x, affine, channelStatistics(x));
  const input = binary === 'weights' || binary === 'none' ? hardClamp(v) : signSte(v);
  const alpha = tf.tensor(tf.mean(tf.abs(latent), [0, 1, 2]).dataSync());
  const filter =
    binary === 'activations' || binary === 'none' ? latent : tf.mul<tf.Tensor4D>(signSte(latent), alpha);
  const y = conv2d(input, wholeFilter(filter, groups), { stride: 1, pad: 1 });
  return addPrelu(y, x, row(variables.get('prelu.slope')));
}

const differentiations = binaryOperandNames.flatMap((binary) =>
  [byVariableGrads, byBackpropagation].flatMap((differentiate) =>
    [1, 3].map((groups) => ({ binary, differentiate, groups })),
  ),
);

describe.each(backends)('a block with part of its operands binary, on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each(differentiations)(
    '$binary: values and gradients, $differentiate.name, groups $groups',
    (options) => {
      const { binary, differentiate, groups } = options;
      const { block, store } = blockOf(binary, groups);
      const variables = store.named();
      const x = tf.tidy(() => tf.variable(tf.tensor(randomFloats(1080, 50), shape)));
      const dy = tf.tensor(randomFloats(1080, 51), shape);
      const all = [x, ...store.parameters.map(({ variable }) => variable)];
      const values: number[][] = [];
      const lossOf = (y: tf.Tensor): tf.Scalar => {
        values.push([...y.dataSync()]);
        return tf.sum(tf.mul(y, dy));
      };
      const expected = byVariableGrads(() => lossOf(composed(binary, maps(x), variables, groups)), all);
      const actual = differentiate(() => lossOf(applyBlock(block, maps(x), true)), all);
      expectGoldenValues(values[1], values[0]);
      expect(new Set(actual.gradients.keys())).toEqual(new Set(all));
      for (const [of, gradient] of expected.gradients)
        expectGoldenGradient(actual.gradients.get(of)!, [...gradient]);
      tf.dispose([x, dy]);
      store.dispose();
    },
  );

  it.each(binaryOperandNames)(
    '%s: evaluation is training once the statistics are those of the batch',
    (binary) => {
      const { block, store } = blockOf(binary);
      tf.tidy(() => {
        const x = tf.tensor4d(randomFloats(1080, 52), shape);
        const { mean, variance } = channelStatistics(x);
        const trained = applyBlock(block, x, true);
        store.named().get('bn.runningMean')!.assign(mean);
        store.named().get('bn.runningVariance')!.assign(variance);
        expectGoldenValues(applyBlock(block, x, false).dataSync(), [...trained.dataSync()]);
      });
      store.dispose();
    },
  );

  it.each(binaryOperandNames)('%s: training lowers the loss and leaves no tensors behind', (binary) => {
    const { block, store } = blockOf(binary);
    const x = tf.tensor4d(randomFloats(1080, 53), shape);
    const target = tf.tensor(randomFloats(1080, 54), shape);
    const parameters = new Map(store.parameters.map((parameter) => [parameter.variable, parameter]));
    const adam = new Adam({ clipLatent: true });
    const losses: number[] = [];
    const counts: number[] = [];
    for (let step = 0; step < 12; step++) {
      const { loss, gradients } = byBackpropagation(
        () => tf.mean(tf.square(tf.sub(applyBlock(block, x, true), target))),
        [...parameters.keys()],
      );
      adam.beginStep();
      tf.tidy(() => {
        for (const [variable, gradient] of gradients)
          adam.move(parameters.get(variable)!, tf.tensor(gradient, variable.shape), 0.02);
      });
      losses.push(loss);
      counts.push(tf.memory().numTensors);
    }
    expect(losses.at(-1)!).toBeLessThan(0.8 * losses[0]);
    expect(counts.at(-1)).toBe(counts[0]);
    const latent = store.named().get('conv.latent')!.dataSync();
    expect(latent.every((weight) => Math.abs(weight) <= 1)).toBe(true);
    tf.dispose([x, target]);
    adam.dispose();
    store.dispose();
  });
});

describe('a student of two stages', () => {
  const path = join(scratchFolder(), 'first.safetensors');
  beforeAll(() => useTestBackend(backends.at(-1)!));

  it('keeps its binary operands in its checkpoint, and its second stage starts from the tensors of the first', async () => {
    const first = createStudent('bnn-resnet20', { classes: 3, seed: 5, binary: 'activations' });
    await saveStudent(path, first, { classes: ['a', 'b', 'c'], epoch: 1 });
    const { student: again } = await loadStudent(path);
    const { student: second } = await loadStudent(path, { binary: 'both' });
    expect([first, again, second].map((student) => student.metadata['binarise'] ?? 'both')).toEqual([
      'activations',
      'activations',
      'both',
    ]);
    const tensors = (student: Network): unknown[] =>
      [...student.store.named()].map(([name, variable]) => [name, variable.dataSync().slice()]);
    expect(tensors(second)).toEqual(tensors(first));
    tf.tidy(() => {
      const images = tf.randomNormal<tf.Rank.R4>([2, 32, 32, 3], 0, 1, 'float32', 1);
      const [a, b, c] = [first, again, second].map((student) => [...student.predict(images).dataSync()]);
      expect(b).toEqual(a);
      expect(c).not.toEqual(a);
    });
    for (const student of [first, again, second]) student.dispose();
  });

  it('refuses binary operands that it does not know', () => {
    expectRefusal("binary is 'weight'; expected one of both, activations, weights, none.", () =>
      createStudent('bnn-resnet20', { classes: 3, binary: 'weight' as BinaryOperands }),
    );
  });
});
