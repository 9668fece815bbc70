import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  attentionMatching,
  distributionLoss,
  featureMatching,
  klDivergence,
  labelRefinery,
  labelSmoothedCrossEntropy,
} from '../../src/index.js';
import { lossSettings } from '../../src/losses/loss-settings.js';
import { toBatchMajor } from '../../src/ops/position-major.js';
import { Connectors, type LevelPair } from '../../src/training/level-pairs.js';
import { type LossInputs, lossTerms } from '../../src/training/loss-terms.js';
import { LossStates } from '../../src/training/loss-states.js';
import { backends, useTestBackend } from '../backends.js';
import { taps, tinyStudent } from './trainer-parts.js';

beforeAll(async () => {
  await useTestBackend(backends.at(-1)!);
});

const batch = 3;
const noStates = new LossStates([], tinyStudent());
const pairs: LevelPair[] = taps.map((tap) => ({ level: tap.level, tap, channels: tap.level === 1 ? 4 : 5 }));

function inputs(): LossInputs {
  const random = (shape: number[], seed: number): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);
  return {
    output: {
      logits: random([batch, 3], 1) as tf.Tensor2D,
      features: new Map([
        [1, random([8, 8, batch, 4], 2) as tf.Tensor4D],
        [2, random([4, 4, batch, 5], 3) as tf.Tensor4D],
      ]),
    },
    labels: tf.tensor1d([0, 2, 1], 'int32'),
    targets: {
      logits: random([batch, 3], 4) as tf.Tensor2D,
      features: new Map(
        taps.map(({ name, shape }, n) => [name, random([batch, ...shape], 5 + n) as tf.Tensor4D] as const),
      ),
    },
    pairs,
    connectors: new Connectors(pairs, 1),
    states: noStates,
  };
}

type Compare = (student: tf.Tensor4D, teacher: tf.Tensor4D) => tf.Tensor1D;

/** The mean over both pairs; `connect` for the loss that needs equal channels. */
function overPairs(
  { output, targets, connectors }: LossInputs,
  compare: Compare,
  connect: boolean,
): tf.Tensor1D {
  const [one, two] = pairs.map(({ level, tap }) => {
    const map = output.features.get(level)!;
    const student = toBatchMajor(connect ? connectors.apply(level, map) : map);
    return compare(student, targets!.features.get(tap.name)!);
  });
  return tf.div(tf.add(one, two), 2);
}

describe('lossTerms', () => {
  it.each<[flag: string, expected: (given: LossInputs) => tf.Tensor1D]>([
    ['kl=1,T=2', ({ output, targets }) => klDivergence(output.logits, targets!.logits, { temperature: 2 })],
    ['refinery=1', ({ output, targets }) => labelRefinery(output.logits, targets!.logits)],
    ['distribution=1', ({ output, targets }) => distributionLoss(output.logits, targets!.logits)],
    [
      'crossEntropy=1,epsilon=0.3',
      ({ output, labels }) => labelSmoothedCrossEntropy(output.logits, labels, { epsilon: 0.3 }),
    ],
    ['features=1', (given) => overPairs(given, featureMatching, true)],
    ['attention=1', (given) => overPairs(given, attentionMatching, false)],
  ])('%s is what the library computes', (flag, expected) => {
    const name = flag.split('=')[0];
    const given = inputs();
    const setting = lossSettings([flag]).find((loss) => loss.name === name)!;
    const terms = lossTerms([setting], given);
    expect(terms.map((term) => [term.name, term.weight])).toEqual([[name, 1]]);
    expect(terms[0].value.shape).toEqual([batch]);
    const values = terms[0].value.dataSync();
    expect([...values].every((value) => value > 0)).toBe(true);
    [...expected(given).dataSync()].forEach((value, n) => expect(values[n]).toBeCloseTo(value, 5));
    given.connectors.dispose();
  });

  it('keeps the order and the weights, and leaves out what weighs nothing', () => {
    const given = inputs();
    const terms = lossTerms(lossSettings(['features=0', 'crossEntropy=0.5', 'attention=2']), given);
    expect(terms.map(({ name, weight }) => [name, weight])).toEqual([
      ['kl', 1],
      ['attention', 2],
      ['crossEntropy', 0.5],
    ]);
    given.connectors.dispose();
  });
});
