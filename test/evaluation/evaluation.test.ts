import { tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluateTeacher } from '../../src/evaluation/evaluate.js';
import { studentInput } from '../../src/models/student-input.js';
import type { TargetSource } from '../../src/teacher/targets.js';
import { backends, useTestBackend } from '../backends.js';
import { randomDataset } from '../data/images.js';
import { noImages, randomBatch } from '../training/trainer-parts.js';

beforeAll(async () => {
  await useTestBackend(backends.at(-1)!);
});

/** A teacher that knows the labels of all images but the first of each batch, which it gives the next label. */
const almostRight: TargetSource = {
  classes: ['a', 'b', 'c'],
  taps: [],
  targets: ({ labels, size }) => {
    const logits = new Float32Array(size * 3);
    labels.forEach((label, n) => (logits[n * 3 + (n === 0 ? (label + 1) % 3 : label)] = 1));
    return Promise.resolve({ logits, features: new Map() });
  },
  dispose: () => Promise.resolve(),
};

describe('an evaluation', () => {
  it('counts every image, the incomplete last batch included', async () => {
    const progress: number[] = [];
    const accuracy = await evaluateTeacher(almostRight, randomDataset(23), {
      batchSize: 10,
      onProgress: (done) => progress.push(done),
    });
    expect(accuracy).toEqual({ top1: 20, top5: 23, total: 23 });
    expect(progress).toEqual([10, 20, 23]);
  });

  it('stops when it is asked to', async () => {
    const controller = new AbortController();
    const evaluation = evaluateTeacher(almostRight, randomDataset(23), {
      batchSize: 10,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    });
    await expect(evaluation).rejects.toThrow('enough');
  });
});

describe('studentInput', () => {
  it('takes off the mean of each colour and divides by its deviation', () => {
    const batch = randomBatch(2);
    const dataset = { ...noImages, mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 2] } as const;
    tidy(() => {
      const input = studentInput(batch, dataset);
      expect(input.shape).toEqual([2, 8, 8, 3]);
      const values = input.dataSync();
      batch.images.forEach((value, i) => {
        const colour = i % 3;
        expect(values[i]).toBeCloseTo((value - dataset.mean[colour]) / dataset.std[colour], 5);
      });
    });
  });
});
