import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { featureMatching } from '../../src/losses/feature-matching.js';
import { labelSmoothedCrossEntropy } from '../../src/losses/label-smoothed-cross-entropy.js';
import { BatchNorm } from '../../src/nn/batch-norm.js';
import { activated } from '../../src/nn/blocks/pre-activation.js';
import { blockFactory } from '../../src/nn/blocks/registry.js';
import { Conv2d } from '../../src/nn/conv2d.js';
import { Linear } from '../../src/nn/linear.js';
import { ParameterStore } from '../../src/nn/parameters.js';
import { differentiable } from '../../src/ops/differentiable.js';
import { globalMean, maxPool } from '../../src/ops/pooling.js';
import { toBatchMajor, toPositionMajor } from '../../src/ops/position-major.js';
import { prelu } from '../../src/ops/prelu.js';
import { shiftedSign } from '../../src/ops/shifted-sign.js';
import { Adam } from '../../src/optim/optimizers/adam.js';
import { backpropagate } from '../../src/training/backpropagation.js';
import { backends, useTestBackend } from '../backends.js';
import { expectGoldenGradient, expectGoldenValues } from '../golden.js';
import { byBackpropagation, byVariableGrads } from '../gradients.js';
import { randomFloats } from '../native/shapes.js';

const makeBlock = blockFactory('binary');

const training = { training: true };
const made: { dispose(): void }[] = [];

function variable(values: ArrayLike<number>): tf.Variable {
  const held = tf.tidy(() => tf.variable(tf.tensor1d(Array.from(values))));
  made.push(held);
  return held;
}

/** A student of every kind of operation: stock ones between our own, maps that are used twice, a feature loss. */
function network(): { loss: () => tf.Scalar; variables: tf.Variable[] } {
  const store = new ParameterStore(3);
  const { root } = store;
  const stem = new Conv2d(root.child('stem'), { inputs: 3, outputs: 9, window: 3 }, { stride: 1, pad: 1 });
  const bn = new BatchNorm(root.child('bn'), 9);
  const slope = root.parameter<tf.Tensor1D>('slope', [9], { kind: 'constant', value: -0.25 });
  const blocks = [
    makeBlock(root.child('0'), { inputs: 9, outputs: 9, stride: 1 }, {}),
    makeBlock(root.child('1'), { inputs: 9, outputs: 12, stride: 2 }, {}),
    makeBlock(root.child('2'), { inputs: 12, outputs: 12, stride: 1 }, {}),
  ];
  const head = new Linear(root.child('head'), 12, 5);
  // Large enough for every slope to see negative sums.
  for (const { variable: latent, latent: binary } of store.parameters) {
    if (binary) tf.tidy(() => latent.assign(tf.mul(latent, 10)));
  }
  const images = tf.tensor4d(randomFloats(3 * 8 * 6 * 3, 1), [3, 8, 6, 3]);
  const teacher = tf.tensor4d(randomFloats(3 * 4 * 3 * 12, 2), [3, 4, 3, 12]);
  const labels = tf.tensor1d([0, 4, 2], 'int32');
  made.push(store, images, teacher, labels);
  const loss = (): tf.Scalar => {
    const stemmed = prelu(bn.apply(stem.apply(toPositionMajor(images)), true), slope);
    const first = activated(blocks[0].run({ map: stemmed, slope: undefined }, training));
    const doubled = tf.add<tf.Tensor4D>(tf.mul(first, 0.5), tf.add(stemmed, tf.relu(first)));
    const pooled = maxPool(doubled, { window: 3, stride: 1, pad: 1 });
    // The third block applies the second one's PReLU.
    const second = blocks[1].run({ map: pooled, slope: undefined }, training);
    const third = activated(blocks[2].run(second, training));
    const logits = head.apply(globalMean(tf.add(third, tf.relu(third))));
    const features = tf.mean(featureMatching(toBatchMajor(third), teacher));
    return tf.add(tf.mean(labelSmoothedCrossEntropy(logits, labels)), features);
  };
  return { loss, variables: store.parameters.map((parameter) => parameter.variable) };
}

describe.each(backends)('backpropagate on %s', (backend) => {
  beforeAll(() => useTestBackend(backend));
  afterEach(() => {
    for (const held of made.splice(0)) held.dispose();
  });

  it('gives the loss and the gradients of variableGrads', () => {
    const { loss, variables } = network();
    const expected = byVariableGrads(loss, variables);
    const actual = byBackpropagation(loss, variables);
    expectGoldenValues([actual.loss], [expected.loss]);
    expect(expected.gradients.size).toBe(variables.length);
    expect(new Set(actual.gradients.keys())).toEqual(new Set(variables));
    for (const [of, gradient] of expected.gradients) {
      expect(gradient.some((slope) => slope !== 0)).toBe(true);
      expectGoldenGradient(actual.gradients.get(of)!, [...gradient]);
    }
  });

  it('leaves the values of the loss alone when it is run again', () => {
    const { loss, variables } = network();
    const runs = [1, 2, 3].map(() => byBackpropagation(loss, variables));
    for (const run of runs.slice(1)) {
      expect(run.loss).toBe(runs[0].loss);
      for (const [of, gradient] of runs[0].gradients) expect(run.gradients.get(of)).toEqual(gradient);
    }
  });

  it('reports a variable that is used several times once, with the sum', () => {
    const w = variable([1, -2]);
    const { loss, gradients } = byBackpropagation(
      () => tf.sum(tf.add(tf.mul(w, w), tf.add(tf.mul(tf.exp(w), 2), w))),
      [w],
    );
    expect(gradients.size).toBe(1);
    expectGoldenValues([loss], [1 + 4 + 2 * (Math.exp(1) + Math.exp(-2)) - 1]);
    expectGoldenGradient(gradients.get(w)!, [2 + 2 * Math.exp(1) + 1, -4 + 2 * Math.exp(-2) + 1]);
  });

  it('does not report a variable that the loss does not depend on, or that was not asked for', () => {
    const [used, unused, aside, notAsked] = [[2], [3], [4], [5]].map(variable);
    const { gradients } = byBackpropagation(() => {
      tf.square(aside);
      return tf.sum(tf.mul(tf.mul(used, used), notAsked));
    }, [used, unused, aside]);
    expect([...gradients]).toEqual([[used, Float32Array.of(20)]]);
  });

  it('reports a variable when it is complete: those of the last operations first', () => {
    const [first, last] = [[2], [3]].map(variable);
    const order: tf.Variable[] = [];
    const value = backpropagate(
      () => tf.sum(tf.mul(tf.square(first), last)),
      [first, last],
      (of, gradient) => {
        order.push(of);
        gradient.dispose();
      },
    );
    value.dispose();
    expect(order).toEqual([last, first]);
  });

  it('lets a variable be moved as soon as it is reported', () => {
    const { loss, variables } = network();
    const expected = byVariableGrads(loss, variables).gradients;
    const actual = new Map<tf.Variable, Float32Array>();
    const adam = new Adam();
    made.push(adam);
    adam.beginStep();
    const value = backpropagate(loss, variables, (of, gradient) => {
      actual.set(of, gradient.dataSync().slice() as Float32Array);
      adam.move({ name: of.name, variable: of, latent: false }, gradient, 100);
      gradient.dispose();
    });
    value.dispose();
    for (const [of, gradient] of expected) expectGoldenGradient(actual.get(of)!, [...gradient]);
  });

  it('keeps an upstream gradient that two operations share, though either may overwrite it', () => {
    const [first, second] = [1, 2].map((seed) => variable(randomFloats(700, seed)));
    const slope = variable([0.5]);
    const weights = tf.tensor1d(randomFloats(700, 3));
    made.push(weights);
    const branch = (of: tf.Variable): tf.Tensor1D =>
      tf.reshape(prelu(tf.reshape(of, [700, 1]), slope as tf.Tensor as tf.Tensor1D), [700]);
    const loss = (): tf.Scalar => tf.sum(tf.mul(tf.add(branch(first), branch(second)), weights));
    const expected = byVariableGrads(loss, [first, second, slope]);
    const actual = byBackpropagation(loss, [first, second, slope]);
    for (const [of, gradient] of expected.gradients)
      expectGoldenGradient(actual.gradients.get(of)!, [...gradient]);
  });

  it.each(['before', 'after'])(
    'adds up the gradients of a map that a sign reads %s its shortcut',
    (order) => {
      const [weights, shift] = [variable(randomFloats(9, 1)), variable(randomFloats(9, 2))];
      const [values, ofSigns, ofMap] = [3, 4, 5].map((seed) =>
        tf.tensor2d(randomFloats(70 * 9, seed), [70, 9]),
      );
      made.push(values, ofSigns, ofMap);
      const loss = (): tf.Scalar => {
        const x = tf.mul<tf.Tensor2D>(values, weights);
        const signed = (): tf.Tensor => tf.mul(shiftedSign(x, shift as tf.Tensor as tf.Tensor1D), ofSigns);
        const shortcut = (): tf.Tensor => tf.mul(tf.square(x), ofMap);
        const [first, second] = order === 'before' ? [signed, shortcut] : [shortcut, signed];
        return tf.sum(tf.add(first(), second()));
      };
      const expected = byVariableGrads(loss, [weights, shift]);
      const before = tf.memory().numTensors;
      const actual = byBackpropagation(loss, [weights, shift]);
      expect(tf.memory().numTensors).toBe(before);
      for (const [of, gradient] of expected.gradients)
        expectGoldenGradient(actual.gradients.get(of)!, [...gradient]);
    },
  );

  it('hands out a gradient that is the upstream gradient itself', () => {
    const w = variable([1, 2]);
    const { gradients } = byBackpropagation(
      () =>
        tf.sum(
          differentiable<tf.Tensor1D>([w], () => ({
            value: tf.round(w as tf.Tensor as tf.Tensor1D),
            saved: [],
            gradients: (dy) => [dy],
          })),
        ),
      [w],
    );
    expect(gradients.get(w)).toEqual(Float32Array.of(1, 1));
  });

  it.each([
    { way: byBackpropagation, owns: true },
    { way: byVariableGrads, owns: false },
  ])('tells gradient functions whether what they are given is theirs: $owns under $way.name', (given) => {
    const { way, owns } = given;
    const w = variable([1, -2]);
    const seen: unknown[] = [];
    const { gradients } = way(() => {
      const x = tf.mul(w, 3);
      const y = differentiable([x], () => ({
        value: tf.mul(x, 5),
        saved: [],
        gradients: (dy, _saved, ctx) => {
          const accumulated = ctx.takeAccumulated(x);
          seen.push(ctx.mayOverwrite(dy), ctx.mayOverwrite(w), accumulated && [...accumulated.dataSync()]);
          const own = tf.mul(dy, 5);
          const sum = accumulated ? tf.add(own, accumulated) : own;
          accumulated?.dispose();
          return [sum];
        },
      }));
      return tf.sum(tf.add(y, tf.square(x)));
    }, [w]);
    expect(seen).toEqual([owns, false, owns ? [6, -12] : undefined]);
    expectGoldenGradient(gradients.get(w)!, [3 * (5 + 6), 3 * (5 - 12)]);
  });

  it('holds no more tensors after each step', () => {
    const { loss, variables } = network();
    const counts = [1, 2, 3].map(() => {
      byBackpropagation(loss, variables);
      return [tf.memory().numTensors, tf.memory().numDataBuffers];
    });
    expect(counts[1]).toEqual(counts[0]);
    expect(counts[2]).toEqual(counts[0]);
  });

  it('leaves no tensors when the loss throws, and works afterwards', () => {
    const { loss, variables } = network();
    const before = [tf.memory().numTensors, tf.memory().numDataBuffers];
    const failing = (): tf.Scalar => {
      loss();
      throw new Error('the loss failed');
    };
    expect(() => byBackpropagation(failing, variables)).toThrow('the loss failed');
    expect([tf.memory().numTensors, tf.memory().numDataBuffers]).toEqual(before);
    expect(byBackpropagation(loss, variables).gradients.size).toBe(variables.length);
  });

  it('refuses an operation that has no gradient', () => {
    const w = variable([1.5]);
    expect(() => byBackpropagation(() => tf.sum(tf.cumprod(w)), [w])).toThrow(
      'the operation Cumprod has no gradient',
    );
  });
});
