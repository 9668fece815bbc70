import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { NativeBackend } from '../../src/backends/native/native-backend.js';
import { useBackend } from '../../src/backends/use-backend.js';
import { BinaryResNet } from '../../src/models/bnn-resnet.js';
import { type ResNetDepth, binaryResNetDepths } from '../../src/models/depths.js';
import { predictStepMemory } from '../../src/models/step-memory.js';
import { Adam } from '../../src/training/optimizers/adam.js';
import { backpropagate } from '../../src/training/backpropagation.js';
import { expectRefusal } from '../ops/operation-runs.js';

const networks: readonly {
  title: string;
  depth: ResNetDepth;
  batch: number;
  size: [number, number];
}[] = [
  { title: 'bnn-resnet20', depth: { widths: [16, 32, 64], blocks: [6, 6, 6] }, batch: 16, size: [32, 32] },
  { title: 'wide and shallow', depth: { widths: [48, 96], blocks: [2, 1] }, batch: 8, size: [32, 32] },
  {
    title: 'odd channels, oblong pictures',
    depth: { widths: [40, 72, 100], blocks: [1, 3, 2] },
    batch: 7,
    size: [28, 24],
  },
  { title: 'one level, deep', depth: { widths: [64], blocks: [7] }, batch: 5, size: [32, 32] },
  { title: 'large pictures', depth: { widths: [32, 64], blocks: [2, 2] }, batch: 2, size: [128, 144] },
  {
    title: 'bnn-resnet18 of ImageNet',
    depth: binaryResNetDepths['bnn-resnet18'],
    batch: 2,
    size: [224, 224],
  },
];

beforeAll(() => useBackend('native', { threads: 2 }));

function measuredStep(depth: ResNetDepth, batch: number, [height, width]: [number, number]): number {
  const { pool } = tf.backend() as NativeBackend;
  const student = new BinaryResNet('test', depth, { classes: 10, size: [height, width] });
  const adam = new Adam();
  const pictures = new Float32Array(batch * height * width * 3).fill(0.5);
  const run = (): void => {
    const parameters = student.store.parameters;
    const byVariable = new Map(parameters.map((parameter) => [parameter.variable, parameter]));
    adam.beginStep();
    const input = tf.tidy(() => tf.div(tf.sub(tf.tensor4d(pictures, [batch, height, width, 3]), 0.4), 0.2));
    const loss = backpropagate(
      () => tf.mean(tf.square(student.apply(input as tf.Tensor4D, true).logits)),
      parameters.map(({ variable }) => variable),
      (variable, gradient) => {
        adam.move(byVariable.get(variable)!, gradient, 1e-3);
        gradient.dispose();
      },
    );
    tf.dispose([loss, input]);
  };
  run();
  const resting = pool.usedBytes;
  pool.resetPeak();
  run();
  expect(pool.usedBytes).toBe(resting);
  const peak = pool.peakBytes - resting;
  adam.dispose();
  student.dispose();
  return peak;
}

it('of bottlenecks is refused', () => {
  expectRefusal('the memory of a step is predicted for basic blocks, and this network has bottlenecks.', () =>
    predictStepMemory(binaryResNetDepths['bnn-resnet50'], 10, 4),
  );
});

describe.each(networks)('memory of a step of $title', ({ depth, batch, size }) => {
  it('is predicted within 10 % of the measured peak of tensors', () => {
    const predicted = predictStepMemory(depth, 10, batch, size).tensorBytes;
    const measured = measuredStep(depth, batch, size);
    expect(predicted / measured).toBeGreaterThan(0.9);
    expect(predicted / measured).toBeLessThan(1.1);
  });

  it('counts the parameters of the network', () => {
    const student = new BinaryResNet('test', depth, { classes: 10, size });
    const count = student.store.parameters.reduce((sum, { variable }) => sum + variable.size, 0);
    student.dispose();
    expect(predictStepMemory(depth, 10, batch, size).parameterBytes).toBe(4 * count);
  });
});
