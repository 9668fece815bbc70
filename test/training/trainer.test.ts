import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { NativeBackend } from '../../src/backends/native/native-backend.js';
import type { Batch } from '../../src/data/batch.js';
import { RunError } from '../../src/errors.js';
import { linearSchedule } from '../../src/training/schedules/schedules.js';
import type { GradientSettings } from '../../src/training/gradient-steps.js';
import { createOptimizer, optimizerNames } from '../../src/training/optimizer.js';
import type { StepReport, Trainer, TrainerParts } from '../../src/training/trainer.js';
import { WeightAverage } from '../../src/training/weight-average.js';
import { backends, useTestBackend } from '../backends.js';
import { expectGoldenValues } from '../golden.js';
import { expectRefusal } from '../ops/operation-runs.js';
import {
  fixedBatches,
  randomBatch,
  randomTargets,
  randomTeacher,
  tinyStudent,
  tinyTrainer,
} from './trainer-parts.js';

const native = backends.includes('native');

async function stepsOf(trainer: Trainer, epoch = 0): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for await (const report of trainer.epoch(epoch)) reports.push(report);
  return reports;
}

/** Copies of all parameters by name, connectors included. */
function valuesOf({
  parts,
}: ReturnType<typeof tinyTrainer>): Map<string, { rank: number; values: Float32Array }> {
  const all = [...parts.student.store.parameters, ...parts.connectors.store.parameters];
  return new Map(
    all.map(({ name, variable }) => [
      name,
      { rank: variable.rank, values: Float32Array.from(variable.dataSync()) },
    ]),
  );
}

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

describe('Trainer', () => {
  it('reports each step and gives its batches back', async () => {
    const batches = [1, 2, 3].map((seed) => randomBatch(4 + seed, seed));
    const recycled: Batch[] = [];
    const tiny = tinyTrainer({
      batches: fixedBatches(batches, recycled),
      schedule: linearSchedule({ lr: 0.01, epochs: 2, per: 'step' }),
    });
    const reports = await stepsOf(tiny.trainer, 1);
    expect(
      reports.map(({ epoch, step, stepsPerEpoch, images }) => [epoch, step, stepsPerEpoch, images]),
    ).toEqual([
      [1, 0, 3, 5],
      [1, 1, 3, 6],
      [1, 2, 3, 7],
    ]);
    // Half of the way at the start of the second epoch, then a sixth of the way with each step.
    reports.forEach(({ lr }, n) => expect(lr).toBeCloseTo(0.01 * (1 - (1 + n / 3) / 2), 10));
    for (const { loss, terms, dataMs, teacherMs, studentMs } of reports) {
      expect(Object.keys(terms)).toEqual(['kl', 'features', 'crossEntropy']);
      expect(loss).toBeCloseTo(terms['kl'] + terms['features'] + terms['crossEntropy'], 4);
      for (const time of [dataMs, teacherMs, studentMs]) expect(time).toBeGreaterThanOrEqual(0);
    }
    expect(recycled).toEqual(batches);
    tiny.dispose();
  });

  it('lowers the loss on a batch that it sees again and again', () => {
    const tiny = tinyTrainer();
    const batch = randomBatch(6);
    const losses = Array.from(
      { length: 40 },
      () => tiny.trainer.step(batch, randomTargets(batch), 1e-2).loss,
    );
    expect(losses.at(-1)).toBeLessThan(0.75 * losses[0]);
    tiny.dispose();
  });

  it('weighs the terms', () => {
    const batch = randomBatch(6);
    const tiny = tinyTrainer({ lossFlags: ['kl=0.25', 'features=3', 'crossEntropy=0'] });
    const { loss, terms } = tiny.trainer.step(batch, randomTargets(batch), 1e-3);
    expect(Object.keys(terms)).toEqual(['kl', 'features']);
    expect(loss).toBeCloseTo(0.25 * terms['kl'] + 3 * terms['features'], 4);
    tiny.dispose();
  });

  it('trains connectors with the student, and gives the same bits again', () => {
    const batch = randomBatch(6);
    const [first, again] = [1, 2].map(() => {
      const tiny = tinyTrainer();
      const before = valuesOf(tiny);
      tiny.trainer.step(batch, randomTargets(batch), 1e-3);
      const after = valuesOf(tiny);
      tiny.dispose();
      return { before, after };
    });
    expect(again).toEqual(first);
    expect(first.after.get('connectors.level2.filter')!.values).toHaveLength(40 * 6);
    for (const [name, { values }] of first.after) {
      const old = first.before.get(name)!.values;
      expect(
        values.some((value, n) => value !== old[n]),
        name,
      ).toBe(true);
    }
  });

  it('leaves connectors alone when nothing compares features', () => {
    const batch = randomBatch(6);
    const tiny = tinyTrainer({ lossFlags: ['features=0'] });
    const before = valuesOf(tiny).get('connectors.level2.filter');
    tiny.trainer.step(batch, randomTargets(batch), 1e-3);
    expect(valuesOf(tiny).get('connectors.level2.filter')).toEqual(before);
    tiny.dispose();
  });

  it('decays tensors of rank 2 and more, connectors among them, and no others', () => {
    const batch = randomBatch(6);
    const lr = 1e-3;
    const trained = (weightDecay: number): ReturnType<typeof valuesOf> => {
      const tiny = tinyTrainer({ adam: { weightDecay } });
      tiny.trainer.step(batch, randomTargets(batch), lr);
      const values = valuesOf(tiny);
      tiny.dispose();
      return values;
    };
    const fresh = tinyTrainer();
    const initial = valuesOf(fresh);
    fresh.dispose();
    const plain = trained(0);
    // So strong that the gradient does not matter: the first step of Adam is lr against the sign of each weight.
    const decayed = trained(1e8);
    let ranks = 0;
    for (const [name, { rank, values }] of decayed) {
      ranks |= 1 << rank;
      if (rank < 2) {
        expect(values, name).toEqual(plain.get(name)!.values);
        continue;
      }
      initial.get(name)!.values.forEach((w, n) => {
        if (Math.abs(w) > 1e-3) expect(values[n], name).toBeCloseTo(w - lr * Math.sign(w), 5);
      });
    }
    expect(ranks).toBe((1 << 1) | (1 << 2) | (1 << 4));
  });

  it.each<[term: string, spoil: (batch: Batch) => Batch]>([
    ['crossEntropy', (batch) => ({ ...batch, labels: batch.labels.map(() => 7) })],
    ['kl', (batch) => ({ ...batch, images: batch.images.map(() => NaN) })],
  ])('stops at a loss that is not finite, naming step and term %s', async (term, spoil) => {
    const good = randomBatch(6);
    const tiny = tinyTrainer({ batches: fixedBatches([good, spoil(good), good]) });
    const seen: number[] = [];
    const failure: unknown = await (async () => {
      for await (const { step } of tiny.trainer.epoch(4)) seen.push(step);
    })().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RunError);
    expect((failure as RunError).message).toMatch(
      new RegExp(`^the loss term '${term}' is (NaN|-Infinity) at step 2 of epoch 5\\.$`),
    );
    expect((failure as RunError).fix).toContain('--lr');
    expect(seen).toEqual([0]);
    tiny.dispose();
  });

  it('names the features of a teacher that are not finite', async () => {
    const teacher = {
      ...randomTeacher,
      targets: (batch: Batch) => {
        const targets = randomTargets(batch);
        targets.features.get('level2')!.fill(NaN);
        return Promise.resolve(targets);
      },
    };
    const tiny = tinyTrainer({ teacher });
    await expect(stepsOf(tiny.trainer)).rejects.toThrow(
      "the loss term 'features' is NaN at step 1 of epoch 1.",
    );
    tiny.dispose();
  });

  it('needs no teacher for losses on labels alone', async () => {
    const tiny = tinyTrainer({ teacher: undefined, pairs: [], lossFlags: ['kl=0', 'features=0'] });
    const [{ terms }] = await stepsOf(tiny.trainer);
    expect(Object.keys(terms)).toEqual(['crossEntropy']);
    tiny.dispose();
  });

  it('leaves no tensor behind', () => {
    const batch = randomBatch(6);
    const { numTensors } = tf.memory();
    const tiny = tinyTrainer();
    const counts = [1, 2, 3, 4, 5].map((seed) => {
      tiny.trainer.step(batch, randomTargets(batch, seed), 1e-3);
      return tf.memory().numTensors;
    });
    // The first step makes the moments of Adam.
    expect(new Set(counts).size).toBe(1);
    tiny.dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it.skipIf(!native)('takes no new memory after its first step (needs the addon)', () => {
    const { pool } = tf.backend() as NativeBackend;
    const before = pool.usedBytes;
    const batch = randomBatch(24);
    const tiny = tinyTrainer();
    pool.resetPeak();
    const bytes = [1, 2, 3, 4, 5].map((seed) => {
      tiny.trainer.step(batch, randomTargets(batch, seed), 1e-3);
      return { used: pool.usedBytes, held: pool.heldBytes, peak: pool.peakBytes };
    });
    expect(bytes[0].peak).toBeGreaterThan(before + 2 ** 18);
    for (const step of bytes) expect(step).toEqual(bytes[0]);
    tiny.dispose();
    expect(pool.usedBytes).toBe(before);
  });
});

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
