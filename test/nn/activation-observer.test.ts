import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createStudent } from '../../src/models/create-network.js';
import { ActivationObserver, activationRecord } from '../../src/nn/activation-observer.js';
import { blockFactory } from '../../src/nn/blocks/registry.js';
import type { BinaryOperands } from '../../src/nn/binary-operands.js';
import { ParameterStore } from '../../src/nn/parameters.js';
import { backends, useTestBackend } from '../backends.js';

describe('activationRecord', () => {
  it('gives mean, deviation and shares, with 0 positive and 1 passing', () => {
    const record = activationRecord([0, -1, 1, 2, -3]);
    expect(record).toMatchObject({ positiveShare: 0.6, passShare: 0.6 });
    expect(record.activationMean).toBeCloseTo(-0.2, 12);
    expect(record.activationDeviation).toBeCloseTo(Math.sqrt(3 - 0.04), 12);
  });
});

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each<BinaryOperands>(['both', 'activations', 'weights'])(
    'a block with binary %s shows its BatchNorm after the PReLU that was left to it',
    (binary) => {
      const { numTensors } = tf.memory();
      const store = new ParameterStore(0);
      const activations = new ActivationObserver();
      const scope = store.root.child('blocks').child('3');
      const block = blockFactory('binary')(
        scope,
        { inputs: 8, outputs: 8, stride: 1 },
        { binary, activations, epsilon: 0.25 },
      );
      const gamma = store.named().get('blocks.3.bn.gamma')!;
      const beta = store.named().get('blocks.3.bn.beta')!;
      tf.tidy(() => {
        gamma.assign(tf.fill([8], 0.75));
        beta.assign(tf.fill([8], 0.125));
      });
      const values = Float32Array.from({ length: 4 * 4 * 3 * 8 }, (_, i) => Math.sin(1.7 * i) + (i % 8) / 4);
      const slope = Float32Array.from({ length: 8 }, (_, c) => c / 8);
      const activated = block.takesPreActivation
        ? values.map((value, i) => (value > 0 ? value : value * slope[i % 8]))
        : values;
      tf.tidy(() => {
        const map = tf.tensor4d(values, [4, 4, 3, 8]);
        const input = { map, slope: block.takesPreActivation ? tf.tensor1d(slope) : undefined };
        block.run(input, { training: true });
        activations.start();
        block.run(input, { training: false });
        block.run(input, { training: true });
      });
      const [[layer, record], ...rest] = activations.finish();
      expect(rest).toEqual([]);
      expect(layer).toBe('blocks.3.conv');
      const normalised = new Float64Array(values.length);
      for (let channel = 0; channel < 8; channel++) {
        const own = [...activated].filter((_, i) => i % 8 === channel);
        const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
        const variance = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / own.length;
        own.forEach((value, n) => {
          normalised[n * 8 + channel] = (0.75 * (value - mean)) / Math.sqrt(variance + 0.25) + 0.125;
        });
      }
      const expected = activationRecord(normalised);
      expect(record.positiveShare).toBe(expected.positiveShare);
      expect(record.passShare).toBe(expected.passShare);
      expect(record.activationMean).toBeCloseTo(expected.activationMean, 5);
      expect(record.activationDeviation).toBeCloseTo(expected.activationDeviation, 5);
      expect([...activations.finish()]).toEqual([]);
      store.dispose();
      expect(tf.memory().numTensors).toBe(numTensors);
    },
  );
});

it('observing a network changes neither its logits nor its running statistics', async () => {
  await useTestBackend(backends.at(-1)!);
  const runs = [false, true].map((isObserved) => {
    const student = createStudent('bnn-resnet20', { classes: 10, seed: 2 });
    if (isObserved) student.activations.start();
    const logits = tf.tidy(() =>
      student.apply(tf.randomNormal([2, 32, 32, 3], 0, 1, 'float32', 5), true).logits.dataSync(),
    );
    const layers = [...student.activations.finish().keys()];
    const state = student.store.buffers.map(({ variable }) => [...variable.dataSync()]);
    student.dispose();
    return { logits: [...logits], layers, state };
  });
  expect(runs[1].logits).toEqual(runs[0].logits);
  expect(runs[1].state).toEqual(runs[0].state);
  expect(runs[0].layers).toEqual([]);
  expect(runs[1].layers).toEqual(Array.from({ length: 18 }, (_, n) => `blocks.${n}.conv`));
});
