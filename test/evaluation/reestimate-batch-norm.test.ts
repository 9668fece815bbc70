import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import type { BinaryResNet } from '../../src/models/bnn-resnet.js';
import { studentInput } from '../../src/models/student-input.js';
import { reestimateBatchNorm } from '../../src/evaluation/reestimate-batch-norm.js';
import { backends, useTestBackend } from '../backends.js';
import { expectGoldenValues } from '../golden.js';
import { fixedBatches, noImages, randomBatch, tinyStudent } from '../training/trainer-parts.js';

const batches = [1, 2, 3].map((seed) => randomBatch(5, seed));

const buffersOf = ({ store }: BinaryResNet): number[] =>
  store.buffers.flatMap(({ variable }) => [...variable.dataSync()]);
const parametersOf = ({ store }: BinaryResNet): number[] =>
  store.parameters.flatMap(({ variable }) => [...variable.dataSync()]);

/** The statistics of one batch: those of a network that forgets all others. */
function statisticsOf(batch: (typeof batches)[number]): number[] {
  const student = tinyStudent(1, { batchNorm: { momentum: 1 } });
  tf.tidy(() => void student.apply(studentInput(batch, noImages), true));
  const values = buffersOf(student);
  student.dispose();
  return values;
}

describe.each(backends)('reestimateBatchNorm on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));

  it.each([
    { count: 1, used: [0] },
    { count: 2, used: [0, 1] },
    // It goes on with the next epoch.
    { count: 5, used: [0, 1, 2, 0, 1] },
  ])('takes the plain average over $count batches', async ({ count, used }) => {
    const student = tinyStudent(1);
    const before = { buffers: buffersOf(student), parameters: parametersOf(student) };
    const { numTensors } = tf.memory();
    const recycled: (typeof batches)[number][] = [];
    await reestimateBatchNorm(
      student,
      { dataset: noImages, batches: fixedBatches(batches, recycled) },
      count,
    );
    expect(tf.memory().numTensors).toBe(numTensors);
    expect(recycled).toEqual(used.map((i) => batches[i]));
    const each = used.map((i) => statisticsOf(batches[i]));
    const wanted = each[0].map((_, at) => each.reduce((sum, values) => sum + values[at] / count, 0));
    expect(wanted).not.toEqual(before.buffers);
    expectGoldenValues(buffersOf(student), wanted);
    expect(parametersOf(student)).toEqual(before.parameters);
    student.dispose();
  });

  it('forgets what the statistics were, and leaves the momentum of training as it was', async () => {
    const [fresh, trained] = [1, 2].map(() => tinyStudent(1, { batchNorm: { momentum: 0.3 } }));
    tf.tidy(() => void trained.apply(studentInput(randomBatch(6, 9), noImages), true));
    expect(buffersOf(trained)).not.toEqual(buffersOf(fresh));
    for (const student of [fresh, trained])
      await reestimateBatchNorm(student, { dataset: noImages, batches: fixedBatches(batches) }, 3);
    expect(buffersOf(trained)).toEqual(buffersOf(fresh));
    // Stem, four blocks, one shortcut and head.
    expect(trained.store.batchNorms.map(({ momentum }) => momentum)).toEqual(new Array(7).fill(0.3));
    for (const student of [fresh, trained]) student.dispose();
  });
});

it.each([
  ['the batches for the statistics of BatchNorm must be a whole number of at least 1, got 0.', batches, 0],
  [
    'the batches for the statistics of BatchNorm must be a whole number of at least 1, got 0.5.',
    batches,
    0.5,
  ],
  ['the statistics of BatchNorm cannot be estimated from 0 batches; expected at least 1.', [], 1],
] as const)('refuses: %s', async (message, given, count) => {
  const student = tinyStudent();
  const images = { dataset: noImages, batches: fixedBatches(given) };
  await expect(reestimateBatchNorm(student, images, count)).rejects.toThrow(new InputError(message));
  student.dispose();
});
