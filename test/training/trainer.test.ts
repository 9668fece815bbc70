import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { NativeBackend } from '../../src/backends/native/native-backend.js';
import type { Batch } from '../../src/data/batch.js';
import { RunError } from '../../src/errors.js';
import { linearSchedule } from '../../src/optim/schedules/linear.js';
import type { StepReport, Trainer } from '../../src/training/trainer.js';
import { backends, useTestBackend } from '../backends.js';
import {
  fixedBatches,
  randomBatch,
  randomTargets,
  randomTeacher,
  tinyTrainer,
  valuesOf,
} from './trainer-parts.js';

const native = backends.includes('native');

async function stepsOf(trainer: Trainer, epoch = 0): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for await (const report of trainer.epoch(epoch)) reports.push(report);
  return reports;
}

beforeAll(async () => {
  await useTestBackend(backends.at(-1)!);
});

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

  it.each<[term: string, spoil: (batch: Batch) => Batch, layer: string]>([
    ['crossEntropy', (batch) => ({ ...batch, labels: batch.labels.map(() => 7) }), ''],
    [
      'kl',
      (batch) => ({ ...batch, images: batch.images.map(() => NaN) }),
      ', and the first activations that are not finite are those of blocks.0.conv',
    ],
  ])('stops at a loss that is not finite, naming step, layer and term %s', async (term, spoil, layer) => {
    const good = randomBatch(6);
    const tiny = tinyTrainer({ batches: fixedBatches([good, spoil(good), good]) });
    const seen: number[] = [];
    const failure: unknown = await (async () => {
      for await (const { step } of tiny.trainer.epoch(4)) seen.push(step);
    })().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RunError);
    expect((failure as RunError).message).toMatch(
      new RegExp(`^the loss term '${term}' is (NaN|-Infinity) at step 2 of epoch 5${layer}\\.$`),
    );
    expect((failure as RunError).fix).toContain('`lr`');
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
