import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { ParameterStore } from '../../src/nn/parameters.js';
import { Adam } from '../../src/optim/optimizers/adam.js';
import { WeightAverage } from '../../src/training/weight-average.js';
import { backends, useTestBackend } from '../backends.js';
import { expectGoldenValues } from '../golden.js';
import { randomFloats } from '../native/shapes.js';
import { expectRefusal } from '../ops/operation-runs.js';

function smallStore(): ParameterStore {
  const store = new ParameterStore(1);
  store.root.parameter('weight', [4, 3], { kind: 'uniform', bound: 1 });
  store.root.buffer('runningMean', [3], 0.5);
  return store;
}

const valuesOf = (store: ParameterStore): number[] =>
  [...store.named().values()].flatMap((variable) => [...variable.dataSync()]);

/** Other values in each tensor, in their places as kernels write them. */
function fill(store: ParameterStore, seed: number): void {
  for (const variable of store.named().values()) {
    tf.tidy(() => variable.assign(tf.tensor(randomFloats(variable.size, seed), variable.shape)));
  }
}

describe.each(backends)('WeightAverage on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each([{ decay: 0.5 }, { decay: 0.9 }, { decay: 0.999 }])(
    'of decay $decay is the weighted mean of all updates, without the start',
    ({ decay }) => {
      const store = smallStore();
      const average = new WeightAverage(store, { decay });
      const seen: number[][] = [];
      for (let n = 1; n <= 6; n++) {
        fill(store, n);
        average.update();
        seen.push(valuesOf(store));
        const live = seen.at(-1)!;
        const weights = seen.map((_, i) => ((1 - decay) * decay ** (n - 1 - i)) / (1 - decay ** n));
        expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
        average.apply();
        expectGoldenValues(
          valuesOf(store),
          live.map((_, at) => seen.reduce((sum, values, i) => sum + weights[i] * values[at], 0)),
        );
        average.restore();
        expect(valuesOf(store)).toEqual(live);
      }
      average.dispose();
      store.dispose();
    },
  );

  it('keeps apart from the network, which trains on in place', () => {
    const store = smallStore();
    const [parameter] = store.parameters;
    const average = new WeightAverage(store, { decay: 0.9 });
    const adam = new Adam();
    const step = (): void =>
      tf.tidy(() => {
        adam.beginStep();
        adam.move(parameter, tf.ones([4, 3]), 0.1);
      });
    average.update();
    average.apply();
    const averages = valuesOf(store);
    average.restore();
    step();
    const trained = valuesOf(store);
    expect(trained).not.toEqual(averages);
    average.apply();
    expect(valuesOf(store)).toEqual(averages);
    // What is written into the network while the average stands in for it is neither's.
    step();
    average.restore();
    expect(valuesOf(store)).toEqual(trained);
    average.apply();
    expect(valuesOf(store)).toEqual(averages);
    average.restore();
    for (const part of [average, adam, store]) part.dispose();
  });

  it('does nothing before the first update, refuses one while applied, and leaves no tensors', () => {
    const before = tf.memory().numTensors;
    const store = smallStore();
    const start = valuesOf(store);
    const average = new WeightAverage(store, { decay: 0.9 });
    average.apply();
    expect([average.applied, valuesOf(store)]).toEqual([false, start]);
    average.restore();
    average.update();
    const { numTensors } = tf.memory();
    average.apply();
    average.apply();
    expect(average.applied).toBe(true);
    expect(() => average.update()).toThrow(/restore the weights/);
    average.restore();
    average.update();
    expect(tf.memory().numTensors).toBe(numTensors);
    expect([...average.state().keys()]).toEqual(['weight', 'runningMean']);
    average.apply();
    average.dispose();
    store.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

it.each([0, 1, -0.1, NaN])('refuses a decay of %d', (decay) => {
  expectRefusal(
    `the decay of the weights' average must be above 0 and below 1, got ${decay}.`,
    () => new WeightAverage(smallStore(), { decay }),
  );
});
