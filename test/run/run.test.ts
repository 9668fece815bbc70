import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { lossSettings } from '../../src/losses/loss-settings.js';
import { evaluateModel } from '../../src/evaluation/evaluate-model.js';
import { defaultStage } from '../../src/recipe/default-recipe.js';
import type { Recipe, Stage } from '../../src/recipe/recipe.js';
import { distill } from '../../src/run/run.js';
import { backends } from '../backends.js';
import { tinyCifar, writeTinyCifar } from '../cli/tiny-cifar.js';
import { scratchFolder } from '../files/scratch.js';
import { tinyOnnx, type TinyModel } from '../teacher/tiny-onnx.js';
import { eventsOf, oneStage, type OneStage, runToEnd } from './one-stage.js';
import { twoLevels } from '../training/tiny-teacher.js';

const folder = scratchFolder();
const at = (name: string): string => join(folder, name);
const backend = backends.at(-1)!;

const teacher = twoLevels;
/** The same with images of 24×24. */
const small: TinyModel = { ...teacher, inputs: [{ name: 'x', dims: ['batch', 3, 24, 24] }] };
/** No sum, so no taps. */
const plain: TinyModel = {
  ...teacher,
  nodes: [{ op: 'GlobalAveragePool', inputs: ['x'], outputs: ['pooled'] }, ...teacher.nodes.slice(-2)],
};

let runs = 0;
const out = (): string => at(`run-${runs++}`);
const given = (change: OneStage = {}, stage: Partial<Stage> = {}): Recipe =>
  oneStage(
    {
      teacher: at('teacher.onnx'),
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
      data: `cifar10:${at('data')}`,
      epochs: 2,
      batchSize: 45,
      backend,
      threads: 2,
      ...change,
    },
    stage,
  );

beforeAll(async () => {
  await writeTinyCifar(at('data'));
  writeFileSync(at('teacher.onnx'), tinyOnnx(teacher));
  writeFileSync(at('small.onnx'), tinyOnnx(small));
  writeFileSync(at('plain.onnx'), tinyOnnx(plain));
});

describe('distill', () => {
  it('tells of the pairs, each step and epoch, selects on validation, and ends with the summary', async () => {
    const directory = out();
    const { numTensors } = tf.memory();
    const [events, summary] = await runToEnd(given(), { out: directory });
    expect(tf.memory().numTensors).toBe(numTensors);
    expect(events.map(({ kind }) => kind)).toEqual([
      ...['started', 'stage', 'step', 'step', 'epoch', 'step', 'step', 'epoch'],
      ...['evaluating', 'evaluating'],
    ]);
    expect(events[0]).toMatchObject({
      directory,
      trainingImages: tinyCifar.training,
      validationImages: tinyCifar.validation,
    });
    expect(events[1]).toMatchObject({
      stage: { name: 'main', index: 0, count: 1, generation: 1, generations: 1 },
      pairs: [
        { level: 1, tap: { name: 'level1', shape: [32, 32, 3] }, connector: true },
        { level: 2, tap: { name: 'level2', shape: [16, 16, 3] }, connector: true },
      ],
    });
    const epochs = events.filter((event) => event.kind === 'epoch');
    // A later epoch that is only as good as the best is not the best.
    const [first, second] = epochs.map(({ validation }) => validation.top1);
    expect(epochs.map(({ best }) => best)).toEqual([true, second > first]);
    expect(summary.bestEpoch).toBe(second > first ? 2 : 1);
    expect(summary.validation).toEqual(epochs[summary.bestEpoch - 1].validation);
    // The last of two steps of the last of two epochs.
    expect(epochs[1].lr).toBeCloseTo((defaultStage.optimizer.lr * (1 + Math.cos(0.75 * Math.PI))) / 2, 10);
    const evaluated = await evaluateModel({ model: directory, threads: 2, backend });
    expect(evaluated).toEqual(summary.test.student);
  });

  it('compares no maps where no loss of maps weighs anything, and asks the teacher for none', async () => {
    const losses = lossSettings(['features=0', 'crossEntropy=0']);
    const recipe = given({ losses, epochs: 1, teacher: at('plain.onnx') });
    const [events, summary] = await runToEnd(recipe, { out: out() });
    expect(events[1]).toMatchObject({ pairs: [] });
    expect(summary.test.teacher!.total).toBe(tinyCifar.test);
  });

  it.each<[what: string, change: OneStage, message: RegExp]>([
    [
      'images of another size than the teacher takes',
      { teacher: 'small.onnx' },
      /^the teacher takes images of 24×24 and the data has 32×32\.$/,
    ],
    [
      'maps to compare that the teacher lacks',
      { teacher: 'plain.onnx' },
      /^the loss features compares feature maps, and no feature map of the teacher has the height and width of a level of bnn-resnet20\.$/,
    ],
    [
      'a batch larger than the split',
      { batchSize: 96 },
      /^the batch size is 96, but the train split has only 95 images/,
    ],
  ])(
    'refuses %s and leaves neither tensor nor folder behind',
    async (_, { teacher: name, ...change }, message) => {
      const { numTensors } = tf.memory();
      const recipe = given(typeof name === 'string' ? { ...change, teacher: at(name) } : change);
      const directory = out();
      await expect(runToEnd(recipe, { out: directory })).rejects.toThrow(message);
      expect(tf.memory().numTensors).toBe(numTensors);
      expect(existsSync(directory)).toBe(false);
    },
  );

  it('stops when it is asked to, with the reason given', async () => {
    const controller = new AbortController();
    const run = distill(given({ epochs: 50 }), { out: out(), signal: controller.signal });
    const { numTensors } = tf.memory();
    await run.next();
    await run.next();
    controller.abort(new Error('enough'));
    await expect(eventsOf(run)).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});

describe('evaluateModel', () => {
  it('gives the accuracy of a teacher without a card when it is told how images are normalised', async () => {
    const { mean, std, data } = given();
    const model = at('teacher.onnx');
    const accuracy = await evaluateModel({ model, data, threads: 1, backend, mean: mean!, std: std! });
    expect(accuracy.total).toBe(tinyCifar.test);
    expect(accuracy.top5).toBeGreaterThanOrEqual(accuracy.top1);
  });

  it.each<[what: string, change: { model?: string; data?: string; threads?: number }, message: RegExp]>([
    ['a missing model', { model: 'nowhere.onnx' }, /nowhere\.onnx does not exist/],
    [
      'a missing checkpoint',
      { model: 'nowhere.safetensors' },
      /^cannot read the checkpoint .*nowhere\.safetensors/,
    ],
    [
      'a folder that is no run',
      { model: 'data', data: 'none' },
      /is not a run directory: .*recipe\.yaml cannot be read\.$/,
    ],
    ['no threads', { threads: 0 }, /^`threads` must be a whole number of at least 1, got 0\.$/],
  ])('refuses %s', async (_, { model = 'teacher.onnx', data, threads = 1 }, message) => {
    const named = data === 'none' ? {} : { data: `cifar10:${at('data')}` };
    await expect(evaluateModel({ model: at(model), threads, backend, ...named })).rejects.toThrow(message);
  });
});
