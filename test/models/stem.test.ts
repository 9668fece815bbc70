import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BinaryResNet } from '../../src/models/bnn-resnet.js';
import { createNetwork, createStudent } from '../../src/models/create-network.js';
import { Stem, stemFor, stemSizes } from '../../src/models/stem.js';
import { ParameterStore } from '../../src/nn/parameters.js';
import { toBatchMajor, toPositionMajor } from '../../src/ops/position-major.js';
import { backends, useTestBackend } from '../backends.js';

describe('stemFor', () => {
  it.each<[size: [number, number], window: number, convolved: number[], output: number[]]>([
    [[32, 32], 3, [32, 32], [32, 32]],
    [[127, 300], 3, [127, 300], [127, 300]],
    [[128, 160], 7, [64, 80], [32, 40]],
    [[224, 224], 7, [112, 112], [56, 56]],
    [[225, 231], 7, [113, 116], [57, 58]],
  ])('%j has a window of %i', (size, window, convolved, output) => {
    expect(stemFor(size).window).toBe(window);
    expect(stemSizes(stemFor(size), size)).toEqual({ convolved, output });
  });
});

describe.each(backends)('the stem on %s', (backend) => {
  let store: ParameterStore;
  beforeAll(async () => {
    await useTestBackend(backend);
    store = new ParameterStore(3);
  });
  afterAll(() => store.dispose());

  it('for large images is convolution, pooling, then BatchNorm', () => {
    const stem = new Stem(store.root, 5, stemFor([224, 224]), {});
    const images = tf.randomNormal<tf.Rank.R4>([3, 21, 18, 3], 0.3, 1, 'float32', 1);
    const [actual, expected] = tf.tidy(() => {
      const filter = store.named().get('conv.filter') as tf.Tensor4D;
      expect(filter.shape).toEqual([7, 7, 3, 5]);
      const convolved = tf.conv2d(images, filter, 2, [
        [0, 0],
        [3, 3],
        [3, 3],
        [0, 0],
      ]);
      const padded = tf.pad(
        convolved,
        [
          [0, 0],
          [1, 1],
          [1, 1],
          [0, 0],
        ],
        -1e9,
      );
      const pooled = tf.maxPool<tf.Tensor4D>(padded, 3, 2, 'valid');
      const { mean, variance } = tf.moments(pooled, [0, 1, 2]);
      const normalised = tf.div(tf.sub(pooled, mean), tf.sqrt(tf.add(variance, 1e-5)));
      return [toBatchMajor(stem.apply(toPositionMajor(images), true)), normalised];
    });
    expect(actual.shape).toEqual([3, 6, 5, 5]);
    expect(actual.shape).toEqual(expected.shape);
    const [a, b] = [actual.dataSync(), expected.dataSync()];
    a.forEach((value, i) => expect(Math.abs(value - b[i])).toBeLessThan(1e-4));
    tf.dispose([actual, expected, images]);
  });

  it('leads to maps of the sizes that a student states', () => {
    const student = new BinaryResNet(
      'test',
      { widths: [4, 6], blocks: [1, 2] },
      { classes: 3, size: [128, 160] },
    );
    const images = tf.zeros<tf.Rank.R4>([2, 128, 160, 3]);
    const { logits, features } = student.apply(images, true, new Set([1, 2]));
    expect(logits.shape).toEqual([2, 3]);
    for (const [level, map] of features) {
      expect(map.shape).toEqual([...student.sizeOf(level, [128, 160]), 2, student.channelsOf(level)]);
      map.dispose();
    }
    expect(student.sizeOf(1, [128, 160])).toEqual([32, 40]);
    expect(student.sizeOf(2, [128, 160])).toEqual([16, 20]);
    tf.dispose([logits, images]);
    student.dispose();
  });
});

describe('networks of bottlenecks', () => {
  it.each(['bnn-resnet50', 'resnet50'].flatMap((name) => [32, 224].map((side) => ({ name, side }))))(
    '$name takes images of $side to levels of the sizes and channels that it states',
    ({ name, side }) => {
      const network = createNetwork(name, { classes: 3, size: [side, side], width: 1 / 16 });
      const images = tf.randomNormal<tf.Rank.R4>([1, side, side, 3], 0, 1, 'float32', 1);
      const { logits, features } = network.apply(images, false, new Set([1, 2, 3, 4]));
      expect(network.store.named().get('stem.conv.filter')!.shape.at(-1)).toBe(4);
      expect(logits.dataSync().every(Number.isFinite)).toBe(true);
      const sides = side === 32 ? [32, 16, 8, 4] : [56, 28, 14, 7];
      for (const [level, map] of features) {
        expect(map.shape).toEqual([sides[level - 1], sides[level - 1], 1, 16 * 2 ** (level - 1)]);
        expect(map.shape).toEqual([...network.sizeOf(level, [side, side]), 1, network.channelsOf(level)]);
        map.dispose();
      }
      tf.dispose([logits, images]);
      network.dispose();
    },
  );
});

describe('students for images of ImageNet', () => {
  it.each([
    ['bnn-resnet18', 16],
    ['bnn-resnet34', 32],
    ['bnn-resnet50', 48],
  ])('%s have levels of 56, 28, 14 and 7', (name, blocks) => {
    const student = createStudent(name, { classes: 10, size: [224, 224] });
    expect([1, 2, 3, 4].map((level) => student.sizeOf(level, [224, 224])[0])).toEqual([56, 28, 14, 7]);
    const latents = student.store.parameters.filter(({ latent }) => latent);
    expect(latents).toHaveLength(blocks);
    student.dispose();
  });
});
