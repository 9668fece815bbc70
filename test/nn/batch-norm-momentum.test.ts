import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { BatchNorm } from '../../src/nn/batch-norm.js';
import { ParameterStore } from '../../src/nn/parameters.js';
import { backends, useTestBackend } from '../backends.js';
import { expectGoldenValues, type GoldenTensor, nhwcFromNchw, readGolden, tensorOf } from '../golden.js';

const { batchNorm: golden } = readGolden<{
  batchNorm: {
    momentum: number;
    inputs: GoldenTensor[];
    running: { mean: GoldenTensor; variance: GoldenTensor }[];
  };
}>('optim');

/** The running mean after each input, by float64 loops in the convention of TensorFlow, Keras and ONNX. */
function tensorFlowMeans(momentum: number): number[][] {
  const channels = golden.inputs[0].shape[1];
  const running = new Array<number>(channels).fill(0);
  return golden.inputs.map((input) => {
    const { values } = nhwcFromNchw(input);
    running.forEach((old, c) => {
      const own = values.filter((_, i) => i % channels === c);
      const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
      running[c] = momentum * old + (1 - momentum) * mean;
    });
    return [...running];
  });
}

/** Running mean and variance of a layer after each input. */
function runningOf(options: { momentum?: number }): { mean: number[]; variance: number[] }[] {
  const store = new ParameterStore(0);
  const norm = new BatchNorm(store.root, golden.inputs[0].shape[1], options);
  const seen = golden.inputs.map((input) => {
    tf.tidy(() => void norm.apply(tensorOf(nhwcFromNchw(input)), true));
    return { mean: [...norm.runningMean.dataSync()], variance: [...norm.runningVariance.dataSync()] };
  });
  store.dispose();
  return seen;
}

describe.each(backends)('the momentum of BatchNorm on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each([{}, { momentum: 0.2 }])('%j is 0.2 in the convention of PyTorch', (options) => {
    expect(golden.momentum).toBe(0.2);
    runningOf(options).forEach(({ mean, variance }, step) => {
      expectGoldenValues(mean, golden.running[step].mean.values);
      expectGoldenValues(variance, golden.running[step].variance.values);
    });
  });

  it.each([
    { ours: 0.2, theirs: 0.8 },
    { ours: 0.1, theirs: 0.9 },
    { ours: 0.01, theirs: 0.99 },
  ])('$ours is $theirs in that of TensorFlow, Keras and ONNX', ({ ours, theirs }) => {
    const wanted = tensorFlowMeans(theirs);
    const swapped = tensorFlowMeans(ours);
    runningOf({ momentum: ours }).forEach(({ mean }, step) => {
      expectGoldenValues(mean, wanted[step]);
      expect(Math.abs(mean[0] - swapped[step][0])).toBeGreaterThan(1e-2);
    });
  });
});
