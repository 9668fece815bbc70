import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { trainingAugmentation } from '../../src/data/augmentation.js';
import { batchesOf } from '../../src/data/batches.js';
import type { Batch } from '../../src/data/batch.js';
import { loadDataset } from '../../src/data/data-spec.js';
import { firstRows, type Dataset } from '../../src/data/dataset.js';
import { createStudent } from '../../src/models/create-network.js';
import { loadStudent, saveStudent } from '../../src/models/checkpoint.js';
import { studentInput } from '../../src/models/student-input.js';
import { StudentTeacher } from '../../src/teacher/student-teacher.js';
import { backends, useTestBackend } from '../backends.js';
import { scratchFolder } from '../files/scratch.js';

const path = join(scratchFolder(), 'student.safetensors');
let dataset: Dataset;
let batch: Batch;

beforeAll(async () => {
  await useTestBackend(backends.at(-1)!);
  dataset = firstRows(await loadDataset('cifar10-sample', 'train'), 64);
  const options = {
    batchSize: 16,
    seed: 0,
    viewSeed: 0,
    views: 1,
    augmentation: trainingAugmentation(dataset),
  };
  batch = ((await batchesOf(dataset, options).epoch(0).next()) as { value: Batch }).value;
  const student = createStudent('bnn-resnet20', { classes: 10, seed: 4 });
  // Statistics that are neither the first ones nor those of a batch.
  tf.tidy(() => void student.apply(studentInput(batch, dataset), true));
  await saveStudent(path, student, { classes: dataset.classes, epoch: 1 });
  student.dispose();
});

it('answers in evaluation mode, the same each time, and leaves no tensors behind', async () => {
  const teacher = await StudentTeacher.open(path, dataset, true);
  const { numTensors } = tf.memory();
  const first = await teacher.targets(batch);
  const again = await teacher.targets(batch);
  expect(tf.memory().numTensors).toBe(numTensors);
  expect(again).toEqual(first);
  await teacher.dispose();
  const { student } = await loadStudent(path);
  const [evaluated, trained] = tf.tidy(() => {
    const input = studentInput(batch, dataset);
    return [student.predict(input).dataSync(), student.apply(input, true).logits.dataSync()];
  });
  student.dispose();
  expect([...first.logits]).toEqual([...evaluated]);
  expect([...first.logits]).not.toEqual([...trained]);
});

it('gives feature maps of a mean square of 1 for each sample', async () => {
  const teacher = await StudentTeacher.open(path, dataset, true);
  const { features } = await teacher.targets(batch);
  expect(teacher.taps.map(({ name, shape }) => [name, shape])).toEqual([
    ['level1', [32, 32, 16]],
    ['level2', [16, 16, 32]],
    ['level3', [8, 8, 64]],
  ]);
  for (const { name, shape } of teacher.taps) {
    const length = shape[0] * shape[1] * shape[2];
    const map = features.get(name)!;
    expect(map.length).toBe(batch.size * length);
    for (let sample = 0; sample < batch.size; sample++) {
      const values = map.subarray(sample * length, (sample + 1) * length);
      expect(values.reduce((sum, value) => sum + value * value, 0) / length).toBeCloseTo(1, 4);
    }
  }
  await teacher.dispose();
});

it('without maps gives logits alone', async () => {
  const teacher = await StudentTeacher.open(path, dataset, false);
  expect(teacher.taps).toEqual([]);
  expect((await teacher.targets(batch)).features.size).toBe(0);
  await teacher.dispose();
});
