import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { NativeBackend } from '../../src/backends/native/native-backend.js';
import { useBackend } from '../../src/backends/use-backend.js';
import { type AnyNetworkOptions, createNetwork } from '../../src/models/create-network.js';
import type { Network } from '../../src/models/network.js';
import { stepMemory } from '../../src/evaluation/step-memory.js';
import { Adam } from '../../src/optim/optimizers/adam.js';
import { backpropagate } from '../../src/training/backpropagation.js';

interface Case {
  readonly name: string;
  /** Of the prediction. */
  readonly batch: number;
  readonly side: number;
  readonly options?: Partial<AnyNetworkOptions>;
}

// Of more images than are tried, but for the last.
const networks: readonly Case[] = [
  { name: 'bnn-resnet20', batch: 50, side: 32 },
  { name: 'bnn-resnet20', batch: 40, side: 30, options: { width: 1.5 } },
  { name: 'bnn-resnet20', batch: 40, side: 32, options: { block: 'reActNet', downsample: 'v3' } },
  { name: 'bnn-resnet20', batch: 40, side: 32, options: { block: 'realToBinary', attention: 'gate' } },
  { name: 'bnn-resnet20', batch: 40, side: 32, options: { attention: 'se', groups: 2 } },
  { name: 'bnn-resnet20', batch: 40, side: 32, options: { attention: 'cgd', skip: 'single' } },
  { name: 'bnn-resnet20', batch: 40, side: 32, options: { firstLayer: 'binary', lastLayer: 'binary' } },
  { name: 'bnn-resnet20', batch: 40, side: 32, options: { binary: 'activations' } },
  { name: 'bnn-resnet18', batch: 5, side: 128, options: { width: 0.25 } },
  { name: 'bnn-resnet50', batch: 20, side: 32, options: { width: 0.25 } },
  { name: 'bnn-vgg-small', batch: 20, side: 32, options: { width: 0.125 } },
  { name: 'resnet20', batch: 40, side: 32 },
  { name: 'bnn-resnet20', batch: 3, side: 32 },
];

beforeAll(() => useBackend('native', { threads: 2 }));

function create({ name, side, options }: Case): Network {
  return createNetwork(name, { classes: 10, size: [side, side], ...options });
}

/** The peak of tensors of a step, measured. */
function measuredStep(which: Case): number {
  const { pool } = tf.backend() as NativeBackend;
  const student = create(which);
  const { batch, side } = which;
  const adam = new Adam();
  const images = new Float32Array(batch * side * side * 3).fill(0.5);
  const run = (): void => {
    const parameters = student.store.parameters;
    const byVariable = new Map(parameters.map((parameter) => [parameter.variable, parameter]));
    adam.beginStep();
    const input = tf.tidy(() => tf.div(tf.sub(tf.tensor4d(images, [batch, side, side, 3]), 0.4), 0.2));
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

describe.each(networks)('memory of a step of $name, $batch images of $side, $options', (which) => {
  it('is predicted within 3 % of the measured peak of tensors, and leaves nothing', () => {
    const student = create(which);
    const { numTensors } = tf.memory();
    const predicted = stepMemory(student, which.batch);
    expect(tf.memory().numTensors).toBe(numTensors);
    expect(Math.abs(predicted.tensorBytes / measuredStep(which) - 1)).toBeLessThan(0.03);
    const count = student.store.parameters.reduce((sum, { variable }) => sum + variable.size, 0);
    expect(predicted.parameterBytes).toBe(4 * count);
    expect(predicted.peakBytes).toBe(predicted.tensorBytes + 12 * count);
    // What the parts keep is there at the peak.
    const kept = predicted.parts.reduce((sum, { keptBytes }) => sum + keptBytes, 0);
    expect(kept).toBeGreaterThan(0.3 * predicted.tensorBytes);
    expect(kept).toBeLessThanOrEqual(predicted.tensorBytes);
    student.dispose();
  });
});

describe('the parts of a step', () => {
  it('keep their output and two bits for each element of their input', () => {
    const student = create({ name: 'bnn-resnet20', batch: 0, side: 32 });
    const { parts } = stepMemory(student, 128);
    student.dispose();
    expect(parts.map(({ part }) => part)).toEqual([
      'stem',
      ...Array.from({ length: 18 }, (_, i) => `blocks.${i}`),
    ]);
    const { output, keptBytes } = parts.find(({ part }) => part === 'blocks.3')!;
    expect(output).toEqual([32, 32, 16]);
    // 16 channels take a word of 32 bits for signs and one for the mask.
    const exact = 32 * 32 * 128 * (16 * 4 + 2 * 4);
    expect(keptBytes).toBeGreaterThanOrEqual(exact);
    expect(keptBytes).toBeLessThan(1.01 * exact);
  });

  it('are not known on another backend', async () => {
    await useBackend('cpu');
    const student = create({ name: 'bnn-resnet20', batch: 0, side: 32 });
    expect(() => stepMemory(student, 2)).toThrow(
      'the memory of a step is measured on the native backend, which is not in use.',
    );
    student.dispose();
    await useBackend('native', { threads: 2 });
  });
});
