import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { GradientSettings } from '../../src/optim/gradient-steps.js';
import { createOptimizer, optimizerNames } from '../../src/optim/optimizers/create-optimizer.js';
import type { TrainerParts } from '../../src/training/trainer.js';
import { WeightAverage } from '../../src/training/weight-average.js';
import { backends, useTestBackend } from '../backends.js';
import { expectGoldenValues } from '../golden.js';
import { expectRefusal } from '../ops/operation-runs.js';
import {
  fixedBatches,
  randomBatch,
  randomTargets,
  tinyStudent,
  tinyTrainer,
  valuesOf,
} from './trainer-parts.js';

beforeAll(async () => {
  await useTestBackend(backends.at(-1)!);
});

/** All parameters after three steps on batches of their own. */
function trainedValues(options: Parameters<typeof tinyTrainer>[0]): Map<string, Float32Array> {
  const tiny = tinyTrainer(options);
  for (const seed of [1, 2, 3]) {
    const batch = randomBatch(6, seed);
    tiny.trainer.step(batch, randomTargets(batch, seed), 1e-2);
  }
  const values = [...valuesOf(tiny)].map(([name, entry]) => [name, entry.values] as const);
  tiny.dispose();
  return new Map(values);
}

describe('Trainer options', () => {
  const plain = (): Map<string, Float32Array> => trainedValues({});

  it.each<[string, Partial<TrainerParts>]>([
    ['centralise', { gradient: { centralise: true } }],
    ['clipNorm', { gradient: { clipNorm: 1e-9 } }],
    ['accumulate', { gradient: { accumulate: 2 } }],
  ])('%s changes what is trained', (_, options) => {
    expect(trainedValues(options)).not.toEqual(plain());
  });

  it.each<GradientSettings>([{}, { centralise: false, clipNorm: null, accumulate: 1 }, { clipNorm: 1e30 }])(
    '%j changes not one bit',
    (gradient) => {
      expect(trainedValues({ gradient })).toEqual(plain());
    },
  );

  it('two accumulated batches that are the same make the step of one', () => {
    const batch = randomBatch(6);
    const [single, twice] = [1, 2].map((accumulate) => {
      const tiny = tinyTrainer({ optimizer: createOptimizer({ name: 'sgd' }), gradient: { accumulate } });
      for (let i = 0; i < accumulate; i++) tiny.trainer.step(batch, randomTargets(batch), 1e-2);
      const values = valuesOf(tiny);
      tiny.dispose();
      return values;
    });
    for (const [name, { values }] of single) {
      expectGoldenValues(twice.get(name)!.values, [...values]);
    }
  });

  it.each(optimizerNames)('%s trains, without a tensor left', (name) => {
    const { numTensors } = tf.memory();
    const batch = randomBatch(6);
    const tiny = tinyTrainer({
      optimizer: createOptimizer({ name }),
      gradient: { accumulate: 2, centralise: true, clipNorm: 10 },
    });
    const losses = Array.from(
      { length: 41 },
      () => tiny.trainer.step(batch, randomTargets(batch), 1e-2).loss,
    );
    expect(losses.at(-1)).toBeLessThan(0.9 * losses[0]);
    tiny.dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it('updates the average with each step of the optimizer, not with each batch', () => {
    const student = tinyStudent();
    const average = new WeightAverage(student.store, { decay: 0.9 });
    const update = vi.spyOn(average, 'update');
    const tiny = tinyTrainer({ student, average, gradient: { accumulate: 2 } });
    const batch = randomBatch(6);
    const calls = [1, 2, 3, 4].map(() => {
      tiny.trainer.step(batch, randomTargets(batch), 1e-2);
      return update.mock.calls.length;
    });
    expect(calls).toEqual([0, 1, 1, 2]);
    average.dispose();
    tiny.dispose();
  });

  it.each(['approxSign', 'ede'] as const)('%s changes what is trained', (signGradient) => {
    const student = tinyStudent(1, { signGradient });
    const changed = trainedValues({ student, epochs: 1 });
    const before = plain();
    expect([...changed.keys()]).toEqual([...before.keys()]);
    expect(changed).not.toEqual(before);
  });

  it('sharpens ede by the fractional epoch of the stage, and needs to know its length', async () => {
    const student = tinyStudent(1, { signGradient: 'ede' });
    const batches = fixedBatches([1, 2].map((seed) => randomBatch(6, seed)));
    const tiny = tinyTrainer({ student, batches, epochs: 4 });
    const seen: number[] = [];
    for await (const report of tiny.trainer.epoch(2)) {
      expect(report.epoch).toBe(2);
      seen.push(student.signGradient.sharpness);
    }
    [10 ** (-3 + (4 * 2) / 4), 10 ** (-3 + (4 * 2.5) / 4)].forEach((t, i) =>
      expect(seen[i] / t).toBeCloseTo(1, 10),
    );
    expectRefusal(
      "the sign gradient 'ede' sharpens over the epochs of a stage, and their number is missing.",
      () => tinyTrainer({ student }),
    );
    tiny.dispose();
  });
});
