import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BinaryResNet } from '../../src/models/bnn-resnet.js';
import { createStudent } from '../../src/models/create-network.js';
import type { Tap } from '../../src/teacher/targets.js';
import { Connectors, pairLevels } from '../../src/training/level-pairs.js';
import { backends, useTestBackend } from '../backends.js';

const tap = (name: string, ...shape: [number, number, number]): Tap => ({
  name,
  tensor: name,
  level: 1,
  shape,
});

let student: BinaryResNet;
beforeAll(async () => {
  await useTestBackend(backends.at(-1)!);
  student = createStudent('bnn-resnet20', { classes: 10 });
});
afterAll(() => student.dispose());

describe('pairLevels', () => {
  it.each<[what: string, size: [number, number], taps: Tap[], pairs: string[]]>([
    [
      'all levels with taps of their sizes, whatever their channels',
      [32, 32],
      [tap('a', 32, 32, 16), tap('b', 16, 16, 99), tap('c', 8, 8, 64)],
      ['1 a 16', '2 b 32', '3 c 64'],
    ],
    ['the last of several taps of a size', [32, 32], [tap('a', 16, 16, 8), tap('b', 16, 16, 32)], ['2 b 32']],
    ['nothing with a tap of a size of its own', [32, 32], [tap('a', 4, 4, 64), tap('b', 32, 16, 16)], []],
    [
      'levels of images of odd size',
      [33, 17],
      [tap('a', 17, 9, 32), tap('b', 9, 5, 64)],
      ['2 a 32', '3 b 64'],
    ],
    ['nothing without taps', [32, 32], [], []],
  ])('pairs %s', (_, size, taps, expected) => {
    const pairs = pairLevels(student, size, taps);
    expect(pairs.map(({ level, tap: { name }, channels }) => `${level} ${name} ${channels}`)).toEqual(
      expected,
    );
  });
});

describe('Connectors', () => {
  it('lead from the channels of the student to those of the teacher, only where they differ', () => {
    const pairs = pairLevels(student, [32, 32], [tap('a', 32, 32, 16), tap('b', 16, 16, 48)]);
    const connectors = new Connectors(pairs, 1);
    expect(connectors.store.parameters.map(({ name, variable }) => [name, variable.shape])).toEqual([
      ['connectors.level2.filter', [1, 1, 32, 48]],
    ]);
    expect([1, 2].map((level) => connectors.has(level))).toEqual([false, true]);
    const map = tf.ones<tf.Rank.R4>([2, 2, 3, 32]);
    expect(connectors.apply(1, map)).toBe(map);
    const connected = connectors.apply(2, map);
    expect(connected.shape).toEqual([2, 2, 3, 48]);
    const weights = connectors.store.parameters[0].variable.dataSync();
    let column = 0;
    for (let c = 0; c < 32; c++) column += weights[c * 48 + 7];
    expect(connected.dataSync()[7]).toBeCloseTo(column, 4);
    tf.dispose([map, connected]);
    const { numTensors } = tf.memory();
    connectors.dispose();
    expect(tf.memory().numTensors).toBe(numTensors - 1);
  });

  it('start as their seed says', () => {
    const pairs = pairLevels(student, [32, 32], [tap('b', 16, 16, 48)]);
    const [first, again, other] = [1, 1, 2].map((seed) => {
      const connectors = new Connectors(pairs, seed);
      const values = connectors.store.parameters[0].variable.dataSync().slice();
      connectors.dispose();
      return values;
    });
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });
});
